import { useState } from "preact/hooks";
import { change, get } from "../../api";
import { Ask } from "../../dialog";
import { TextField } from "../../fields";
import { useDoing, useLoad, useMay, useRefresh, useTick } from "../../hooks";
import { Moment, Trouble } from "../../parts";

interface Link {
  upstream: string;
  downstream: string;
  since_ms: number | null;
}

interface Links {
  links: Link[];
}

/** What people said feeds what; the whole list is declared anew with each change. */
export function Lineage() {
  const tick = useTick();
  const may = useMay("config");
  const refresh = useRefresh();
  const [adding, setAdding] = useState(false);
  const { busy, problem: refused, run } = useDoing();
  const { data, problem } = useLoad(`lineage/${tick}`, (signal) => get<Links>("lineage", {}, signal));
  const links = data?.links ?? [];
  const remove = async (gone: Link): Promise<void> => {
    if (await run(() => declare(links.filter((one) => one !== gone)))) refresh();
  };
  return (
    <section data-testid="lineage">
      <h2>Declared lineage</h2>
      <p class="muted">What people said feeds what: incidents of both are one, with the origin first.</p>
      <Trouble problem={problem ?? refused} />
      {data && may && (
        <p class="buttons">
          <button type="button" data-testid="add-link" onClick={() => setAdding(true)}>
            Declare a link
          </button>
        </p>
      )}
      {data && links.length === 0 && <p class="muted">None so far.</p>}
      {links.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              <th>This</th>
              <th>Feeds</th>
              <th>Since</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {links.map((one) => (
              <tr key={`${one.upstream} ${one.downstream}`}>
                <td class="c-title">{one.upstream}</td>
                <td class="c-title">{one.downstream}</td>
                <td data-label="since">
                  <Moment ms={one.since_ms} />
                </td>
                <td>
                  {may && (
                    <button type="button" class="small danger" disabled={busy} onClick={() => void remove(one)}>
                      Remove
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {adding && (
        <LinkDialog
          links={links}
          onClose={() => {
            setAdding(false);
            refresh();
          }}
        />
      )}
    </section>
  );
}

const LOOKS = 25;
const PAUSE_MS = 200;

/** Done when the server lists it: it answers as soon as it has kept it, and lists it a little later. */
async function declare(links: Link[]): Promise<void> {
  await change("PUT", "lineage", { links });
  const pairs = (of: Link[]): string => JSON.stringify(of.map((one) => [one.upstream, one.downstream]).sort());
  for (let look = 0; look < LOOKS; look += 1) {
    const listed = await get<Links>("lineage", {});
    if (pairs(listed.links) === pairs(links)) return;
    await new Promise((rest) => setTimeout(rest, PAUSE_MS));
  }
}

function LinkDialog({ links, onClose }: { links: Link[]; onClose: () => void }) {
  const [upstream, setUpstream] = useState("");
  const [downstream, setDownstream] = useState("");
  const hint = "a metric, pattern*, or metric{tag=value}";
  return (
    <Ask
      title="Declare a link"
      does="Declare"
      onClose={onClose}
      ready={upstream.trim() !== "" && downstream.trim() !== ""}
      work={() => declare([...links, { upstream: upstream.trim(), downstream: downstream.trim(), since_ms: null }])}
    >
      <p class="muted">It holds for what begins from now on.</p>
      <TextField name="This" value={upstream} onValue={setUpstream} hint={hint} required />
      <TextField name="Feeds" value={downstream} onValue={setDownstream} hint={hint} required />
    </Ask>
  );
}
