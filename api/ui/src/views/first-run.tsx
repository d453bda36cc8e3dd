import { get } from "../api";
import { useLoad, useTick } from "../hooks";
import { count } from "../numbers";
import { Moment, SeriesName } from "../parts";
import { link } from "../place";
import type { Page, Series, Status } from "../shapes";
import { snippets } from "../snippets";

const SHOWN = 8;

/** What an inbox without any incident says: how to begin, or that all is quiet and how far the learning is. */
export function FirstRun({ status }: { status: Status | undefined }) {
  if (status === undefined) return <p class="muted">…</p>;
  const some = status.series === null || status.series > 0;
  return some ? <Quiet status={status} /> : <Begin guarded={status.auth === "on"} />;
}

function Quiet({ status }: { status: Status }) {
  return (
    <section class="empty" data-testid="quiet">
      <p>
        No incidents. {status.series !== null && <>{count(status.series, "series is", "series are")} watched; </>}
        <a href={link("series")}>see the series</a>.
      </p>
      <Learning samples={status.shards.reduce((sum, shard) => sum + shard.samples, 0)} />
    </section>
  );
}

/** Series that are not trusted yet, and when they will be; looked at again when samples came. */
function Learning({ samples }: { samples: number }) {
  const tick = useTick();
  const { data } = useLoad(`${tick}/${samples}`, (signal) => get<Page<Series>>("series", { limit: 100 }, signal));
  const young = (data?.items ?? []).filter((one) => one.next_stage !== null);
  if (young.length === 0) return null;
  return (
    <>
      <h2>Learning</h2>
      <table class="list" data-testid="learning">
        <thead>
          <tr>
            <th>Series</th>
            <th>Stage</th>
            <th>Values so far</th>
            <th>Next</th>
          </tr>
        </thead>
        <tbody>
          {young.slice(0, SHOWN).map((one) => (
            <tr key={one.id}>
              <td class="c-title">
                <a href={link("series", one.id)} data-row>
                  <SeriesName metric={one.metric} tags={one.tags} />
                </a>
              </td>
              <td>{one.stage}</td>
              <td data-label="values">{one.final_buckets}</td>
              <td>
                {one.next_stage}
                {one.next_stage_buckets !== null && <> after {count(one.next_stage_buckets, "more value")}</>}
                {one.next_stage_ms !== null && (
                  <span class="muted">
                    , about <Moment ms={one.next_stage_ms} />
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Begin({ guarded }: { guarded: boolean }) {
  return (
    <section class="empty" data-testid="empty">
      <p>Nothing has been measured yet. It begins with any of these; this page shows the first series as it comes.</p>
      {guarded && (
        <p>
          TOKEN stands for one made under <a href={link("settings", "tokens")}>settings</a>, or by{" "}
          <code>watchkeeper token create --scope ingest</code>.
        </p>
      )}
      {snippets(location.origin, guarded, Date.now()).map(({ name, about, text }) => (
        <div key={name}>
          <h2>{name}</h2>
          <p>{about}</p>
          <pre tabIndex={0}>{text}</pre>
        </div>
      ))}
    </section>
  );
}
