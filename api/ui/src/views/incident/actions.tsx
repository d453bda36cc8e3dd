import { useState } from "preact/hooks";
import { change, part } from "../../api";
import { useDoing, useMay, useRefresh } from "../../hooks";
import { LabelDialog } from "../../labelling";
import { MuteDialog } from "../../muting";
import { Trouble } from "../../parts";
import type { Incident } from "../../shapes";
import { CommentDialog, MergeDialog, SplitDialog } from "./asked";

type Asking = "label" | "mute" | "comment" | "merge" | "split";

const OVER = new Set(["closed", "expired", "retracted", "merged"]);

/** What may be done to the incident; every button has its key. */
export function Actions({ incident }: { incident: Incident }) {
  const may = useMay("feedback");
  const mayMute = useMay("silence");
  const refresh = useRefresh();
  const { busy, problem, run } = useDoing();
  const [asking, setAsking] = useState<Asking>();
  const path = `incidents/${part(incident.id)}`;
  const taken = incident.acknowledged_by !== null;
  const gone = incident.state === "merged" || incident.state === "retracted";
  const close = (): void => {
    setAsking(undefined);
    refresh();
  };
  const take = async (): Promise<void> => {
    if (await run(() => change("POST", `${path}/${taken ? "unacknowledge" : "acknowledge"}`))) refresh();
  };
  if (!may && !mayMute) return null;
  const button = (key: string, what: Asking, name: string, does: string, off = false) => (
    <button
      type="button"
      data-key={key}
      data-does={does}
      data-testid={`do-${what}`}
      disabled={off}
      onClick={() => setAsking(what)}
    >
      {name} <kbd>{key}</kbd>
    </button>
  );
  return (
    <div class="actions" data-testid="actions" role="group" aria-label="What may be done">
      {may && !gone && (
        <>
          {(!OVER.has(incident.state) || taken) && (
            <button
              type="button"
              class="main"
              data-key="a"
              data-does={taken ? "give it back" : "acknowledge: take it"}
              data-testid="do-acknowledge"
              disabled={busy}
              onClick={() => void take()}
            >
              {taken ? "Give back" : "Acknowledge"} <kbd>a</kbd>
            </button>
          )}
          {button("l", "label", "Label", "label it: real, false alarm, expected …")}
          {button("c", "comment", "Comment", "comment")}
        </>
      )}
      {mayMute && button("m", "mute", "Mute", "mute it, or its like")}
      {may && !gone && (
        <>
          {button("x", "merge", "Merge", "merge with another incident")}
          {button("s", "split", "Split", "split members off", incident.members.length < 2)}
        </>
      )}
      <Trouble problem={problem} />
      {asking === "label" && (
        <LabelDialog incident={incident} onClose={close} />
      )}
      {asking === "mute" && <MuteDialog incident={incident} onClose={close} />}
      {asking === "comment" && <CommentDialog path={path} onClose={close} />}
      {asking === "merge" && <MergeDialog incident={incident} path={path} onClose={close} />}
      {asking === "split" && <SplitDialog incident={incident} path={path} onClose={close} />}
    </div>
  );
}
