import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, type Status } from "./api";
import { Header } from "./header";
import { Tick, Zone } from "./hooks";
import { onKey } from "./keys";
import { listen } from "./live";
import "./style.css";
import { storedZone, storeZone } from "./time";
import { IncidentView } from "./views/incident";
import { Incidents } from "./views/incidents";
import { SeriesView } from "./views/series";
import { SeriesList } from "./views/series-list";

const STATUS_MS = 5_000;
const GATHER_MS = 400;

interface Place {
  view: "incidents" | "series";
  id: string | undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function placeOf(hash: string): Place {
  const [view, ...rest] = hash.replace(/^#\/?/, "").split("/");
  const id = decoded(rest.join("/")) || undefined;
  if (view === "series") return { view: "series", id };
  return { view: "incidents", id: view === "incident" ? id : undefined };
}

function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const moved = (): void => {
      setPlace(placeOf(location.hash));
      window.scrollTo(0, 0);
    };
    window.addEventListener("hashchange", moved);
    return () => window.removeEventListener("hashchange", moved);
  }, []);
  return place;
}

/** Whether the server is there, and a number that grows on news; several at once count as one. */
function useLive(): { up: boolean; tick: number } {
  const [up, setUp] = useState(true);
  const [tick, setTick] = useState(0);
  useEffect(() => {
    let timer: number | undefined;
    let wasUp = true;
    const news = (): void => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        setTick((before) => before + 1);
      }, GATHER_MS);
    };
    const stop = listen(news, (isUp) => {
      if (isUp && !wasUp) news();
      wasUp = isUp;
      setUp(isUp);
    });
    return () => {
      window.clearTimeout(timer);
      stop();
    };
  }, []);
  return { up, tick };
}

function useStatus(tick: number): Status | undefined {
  const [status, setStatus] = useState<Status>();
  useEffect(() => {
    const control = new AbortController();
    const ask = (): void => {
      get<Status>("status", {}, control.signal).then(setStatus, () => undefined);
    };
    ask();
    const timer = window.setInterval(ask, STATUS_MS);
    return () => {
      control.abort();
      window.clearInterval(timer);
    };
  }, [tick]);
  return status;
}

function View({ place, status }: { place: Place; status: Status | undefined }) {
  if (place.view === "series") return place.id ? <SeriesView id={place.id} /> : <SeriesList />;
  return place.id ? <IncidentView id={place.id} /> : <Incidents status={status} />;
}

function App() {
  const place = usePlace();
  const { up, tick } = useLive();
  const status = useStatus(tick);
  const [zone, setZone] = useState(storedZone);
  useEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const choose = (chosen: string): void => {
    storeZone(chosen);
    setZone(chosen);
  };
  return (
    <Zone.Provider value={zone}>
      <Tick.Provider value={tick}>
        <Header status={status} up={up} here={place.view} zone={zone} onZone={choose} />
        <View place={place} status={status} />
        <footer class="muted">
          <kbd>j</kbd> <kbd>k</kbd> move · <kbd>Enter</kbd> open · <kbd>Esc</kbd> back
          {status && <> · version {status.version}</>}
        </footer>
      </Tick.Provider>
    </Zone.Provider>
  );
}

const host = document.getElementById("page");
if (host) render(<App />, host);
