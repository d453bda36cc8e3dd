import { change, get, part } from "../../api";
import { useLoad, useMay, useMe, useTick } from "../../hooks";
import { count } from "../../numbers";
import { Moment, Notice, Trouble } from "../../parts";
import { duration } from "../../time";
import { Changes, Opens } from "./confirm";
import { Listed } from "./listed";
import type { Source, Sources as Those } from "./shapes";
import { SourceDialog } from "./source-dialog";

/** What is polled: how it is, how far back, and what may be changed of it. */
export function Sources() {
  const tick = useTick();
  const bound = useMe()?.team != null;
  const may = useMay("admin") && !bound;
  const { data, problem } = useLoad(`sources/${tick}`, (signal) => get<Those>("sources", {}, signal));
  return (
    <>
      <p class="muted">What Watchkeeper asks for numbers by itself.</p>
      <Trouble problem={problem} />
      {data?.trouble.split("\n").filter(Boolean).map((line) => (
        <Notice kind="warn" key={line}>
          {line}
        </Notice>
      ))}
      {may && (
        <p class="buttons">
          <Opens name="Add a source" testId="add-source" dialog={(close) => <SourceDialog onClose={close} />} />
        </p>
      )}
      <Listed
        testId="sources"
        heads={["Source", "Kind", "State", "Read until", "Newest sample", "Samples", ""]}
        items={data?.items}
        none="No source is polled."
      >
        {(one) => (
          <tr key={one.name}>
            <td>
              <b>{one.name}</b>
            </td>
            <td>
              {one.kind}, every {duration(one.every_ms)}
            </td>
            <td class="c-title">
              <Health source={one} />
            </td>
            <td data-label="read until"><Moment ms={one.read_until_ms} /></td>
            <td data-label="newest">
              <Moment ms={one.newest_ms} />
            </td>
            <td data-label="samples">
              {one.samples.toLocaleString("en")}
              {one.refused > 0 && `, ${one.refused.toLocaleString("en")} refused`}
            </td>
            <td class="c-buttons">
              {may && (
                <Changes
                  testId="edit-source"
                  dialog={(close) => <SourceDialog known={one.name} onClose={close} />}
                  title={`Remove the source ${one.name}`}
                  work={() => change("DELETE", `sources/${part(one.name)}`)}
                >
                  It is asked no more; its series stay.
                </Changes>
              )}
            </td>
          </tr>
        )}
      </Listed>
    </>
  );
}

function Health({ source }: { source: Source }) {
  const failed = source.parts.filter((one) => one.error !== "");
  if (source.state === "starting") return <span class="muted">not asked yet</span>;
  if (source.state === "down") {
    return (
      <>
        ✕ down: {source.error} <span class="muted">(asked <Moment ms={source.error_ms} />)</span>
      </>
    );
  }
  return (
    <>
      ✓ up{source.parts.length > 1 && `, ${count(source.parts.length, "target")}`}
      {failed.map((one) => (
        <div key={one.name}>
          ✕ {one.name}: {one.error}
        </div>
      ))}
    </>
  );
}
