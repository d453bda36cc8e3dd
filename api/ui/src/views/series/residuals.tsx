import { useMemo } from "preact/hooks";
import { Chart } from "../../chart";
import { Rows } from "../../rows";
import type { Columns } from "../../shapes";
import type { Loaded } from "./loaded";

const NONE = { ts_ms: [], value: [] };

/** Each value, and its band, less what was expected: what is left when the model has said all it knows. */
function left(columns: Columns): Columns {
  const less = (of: (number | null)[]): (number | null)[] =>
    of.map((one, i) => {
      const expected = columns.expected[i];
      return one === null || expected == null ? null : one - expected;
    });
  const { expected, value, lower, upper } = columns;
  return {
    ...columns,
    value: less(value),
    lower: less(lower),
    upper: less(upper),
    expected: expected.map((one) => (one === null ? null : 0)),
  };
}

/** The errors along their time, over the span of the values. */
export function Residuals({ loaded, from, to }: { loaded: Loaded; from: number; to: number }) {
  const { columns } = loaded.observations;
  const errors = useMemo(() => left(columns), [columns]);
  return (
    <figure data-testid="residuals">
      <figcaption>
        <b>Errors along their time</b>
        <span class="muted">value − expected, and the band around it</span>
      </figcaption>
      <Chart
        columns={errors}
        revisions={NONE}
        anomalies={loaded.anomalies}
        from={from}
        to={to}
        label={`errors of ${loaded.series.series}`}
      />
      <Rows columns={errors} />
    </figure>
  );
}
