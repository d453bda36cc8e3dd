"""Sources to sample batches: each turns what a sender speaks into columns, and knows nothing of models.

Built so far: the bodies of ``POST /api/v1/samples`` (`samples_json`, `arrow_stream`) and files
(`files`: CSV, Parquet). A decoder answers `base.Decoded`: a `monitor.domain.batch.SampleBatch` and
what had to be refused, by reason with the first places. What cannot be read as a whole raises
`errors.BadRequest`.
"""
