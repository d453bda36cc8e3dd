import { change, get, part } from "../../api";
import { useLoad, useMay, useTick } from "../../hooks";
import { MuteDialog } from "../../muting";
import { Moment, personName, Trouble } from "../../parts";
import { useAsked } from "../../place";
import type { Page } from "../../shapes";
import { duration } from "../../time";
import { Opens, Remove } from "./confirm";
import { Listed } from "./listed";
import type { Mute } from "./shapes";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function weekly(mute: Mute): string {
  if (!mute.weekly) return "";
  const { days, from_minute, minutes, zone } = mute.weekly;
  const clock = `${String(Math.floor(from_minute / 60)).padStart(2, "0")}:${String(from_minute % 60).padStart(2, "0")}`;
  return `${days.map((day) => DAYS[day]).join(", ")} from ${clock} for ${duration(60_000 * minutes)}, ${zone}`;
}

export function Mutes() {
  const tick = useTick();
  const may = useMay("silence");
  const [asked, address] = useAsked();
  const past = asked("past") === "1";
  const { data, problem } = useLoad(`mutes/${past}/${tick}`, (signal) =>
    get<Page<Mute>>("mutes", { past: past ? "true" : undefined }, signal),
  );
  return (
    <>
      <p class="muted">
        While a mute holds, nobody is told of an incident whose series are all muted, their models learn nothing, or what
        begins is in no incident.
      </p>
      <Trouble problem={problem} />
      <p class="buttons">
        {may && <Opens name="Mute series" testId="add-mute" dialog={(close) => <MuteDialog onClose={close} />} />}
        <button type="button" aria-pressed={past} onClick={() => address({ past: past ? undefined : 1 })}>
          Those that are over, too
        </button>
      </p>
      <Listed testId="mutes" heads={["State", "What", "From", "Until", "Why", "By", ""]} items={data?.items} none="None.">
        {(mute) => (
          <tr key={mute.id}>
            <td>{mute.state}</td>
            <td class="c-title">
              {mute.text}
              {(mute.learning || mute.incidents) && (
                <span class="muted">
                  {mute.incidents && " · no incidents"}
                  {mute.learning && " · learning stopped"}
                  {!mute.notices && " · notices go on"}
                </span>
              )}
              {mute.weekly && <span class="muted"> {weekly(mute)}</span>}
            </td>
            <td data-label="from">
              <Moment ms={mute.start_ms} />
            </td>
            <td data-label="until">
              <Moment ms={mute.end_ms} />
            </td>
            <td class="c-title">{mute.reason}</td>
            <td data-label="by">{personName(mute.author)}</td>
            <td class="c-buttons">
              {may && mute.state !== "over" && (
                <Remove name="End" title="End this mute" work={() => change("DELETE", `mutes/${part(mute.id)}`)}>
                  {mute.text}: what still goes on is told of now.
                </Remove>
              )}
            </td>
          </tr>
        )}
      </Listed>
    </>
  );
}
