import { useEffect, useState } from "preact/hooks";
import { get } from "../../api";
import { useLoad, useZone } from "../../hooks";
import { beside, capital, number } from "../../numbers";
import { Fact, Moment, Sentence, Trouble } from "../../parts";
import { link } from "../../place";
import type { Explanation, Series } from "../../shapes";
import { fieldOf, momentOf } from "../../time";

interface WhyProps {
  series: Series;
  at: number | undefined;
  onAt: (ms: number | undefined) => void;
}

/** Why there is an alert, or none, at a time: asked by a click on the chart, or by typing the time. */
export function Why({ series, at, onAt }: WhyProps) {
  const zone = useZone();
  const asked = at ?? series.last_ms ?? undefined;
  const [field, setField] = useState(asked === undefined ? "" : fieldOf(asked, zone));
  useEffect(() => setField(asked === undefined ? "" : fieldOf(asked, zone)), [asked, zone]);
  const ask = (event: Event): void => {
    event.preventDefault();
    const moment = momentOf(field, zone);
    if (moment !== null) onAt(moment);
  };
  return (
    <section data-testid="why">
      <h2>Why no alert here?</h2>
      <form class="search" onSubmit={ask}>
        <label for="why-at">At</label>
        <input
          id="why-at"
          type="datetime-local"
          value={field}
          onInput={(event) => setField(event.currentTarget.value)}
        />
        <button type="submit" data-testid="ask-why">
          Ask
        </button>
        {at === undefined && <span class="muted">or click a value on the chart</span>}
      </form>
      {at !== undefined && <Answer series={series.id} at={at} />}
    </section>
  );
}

function Answer({ series, at }: { series: string; at: number }) {
  const { data, problem } = useLoad(`${series}/${at}`, (signal) =>
    get<Explanation>("explain", { series, at }, signal),
  );
  if (problem) return <Trouble problem={problem} />;
  if (!data) return <p class="muted">…</p>;
  return (
    <div class="answer" data-testid="answer" role="status">
      <p>
        <b>{capital(data.reason)}</b>
        {data.ground && `: ${data.ground}`}
      </p>
      <p>
        <Sentence text={data.text} />
      </p>
      <dl class="facts">
        <Fact name="At">
          <Moment ms={data.bucket_ms ?? data.at_ms} />
        </Fact>
        {data.value !== null && <Fact name="Value">{number(data.value)}</Fact>}
        {data.n !== null && <Fact name="n">{number(data.n)}</Fact>}
        {data.expected !== null && <Fact name="Expected">{number(beside(data.value, data.expected))}</Fact>}
        {(data.lower !== null || data.upper !== null) && (
          <Fact name="Band">
            {number(data.lower)} … {number(data.upper)}
          </Fact>
        )}
        {data.score !== null && <Fact name="Score">{data.score.toFixed(0)} of 100</Fact>}
        {data.judged_by && <Fact name="Judged by">{data.judged_by}</Fact>}
        {data.normal && <Fact name="Normal would have been">{data.normal}</Fact>}
        {data.unusual && <Fact name="How unusual">{data.unusual}</Fact>}
      </dl>
      {data.holds.length > 0 && (
        <ul data-testid="holds">
          {data.holds.map((held, i) => (
            <li key={i}>
              Route {held.route} was not told: <Sentence text={held.why} />
            </li>
          ))}
        </ul>
      )}
      {data.notes.length > 0 && (
        <ul>
          {data.notes.map((note, i) => (
            <li key={i}>
              <Sentence text={note} />
            </li>
          ))}
        </ul>
      )}
      {data.late.map((late) => (
        <p class="muted" key={late.ts_ms}>
          {number(late.value)} came too late to count, at <Moment ms={late.arrival_ms} />.
        </p>
      ))}
      {data.anomaly?.incident_id && (
        <p>
          <a href={link("incident", data.anomaly.incident_id)} data-row>
            its incident
          </a>
        </p>
      )}
    </div>
  );
}
