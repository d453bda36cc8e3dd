import { render } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { changeWith, get } from "./api";
import { Header } from "./header";
import { Help } from "./help";
import { Refresh, Tick, Who, Zone } from "./hooks";
import { onKey } from "./keys";
import { later } from "./later";
import { listen } from "./live";
import { Here, type Place, returnToPlace, usePlace } from "./place";
import type { Me, Status } from "./shapes";
import "./style.css";
import "./forms.css";
import { storedZone, storeZone } from "./time";
import { IncidentView } from "./views/incident/incident";
import { Incidents } from "./views/incidents";

const SeriesView = later(() => import("./views/series/series").then((part) => part.SeriesView));
const Explorer = later(() => import("./views/series/explorer").then((part) => part.Explorer));
const TopologyView = later(() => import("./views/topology/topology").then((part) => part.TopologyView));
const ModelsView = later(() => import("./views/models/models").then((part) => part.ModelsView));
const ModelView = later(() => import("./views/models/model").then((part) => part.ModelView));
const MetaView = later(() => import("./views/meta/meta").then((part) => part.MetaView));
const Lab = later(() => import("./views/lab/lab").then((part) => part.Lab));
const SettingsView = later(() => import("./views/settings/settings").then((part) => part.SettingsView));

const STATUS_MS = 5_000;
const GATHER_MS = 400;

/** Whether the server is there, a number that grows on news (several at once count as one), and a way to make it. */
function useLive(): { up: boolean; tick: number; refresh: () => void } {
  const [up, setUp] = useState(true);
  const [tick, setTick] = useState(0);
  const refresh = useCallback(() => setTick((before) => before + 1), []);
  useEffect(() => {
    let timer: number | undefined;
    let wasUp = true;
    const news = (): void => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        refresh();
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
  return { up, tick, refresh };
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

function useWho(): Me | undefined {
  const [me, setMe] = useState<Me>();
  useEffect(() => {
    const control = new AbortController();
    get<Me>("me", {}, control.signal).then(
      (found) => {
        changeWith(found.csrf);
        setMe(found);
      },
      () => undefined,
    );
    return () => control.abort();
  }, []);
  return me;
}

function View({ place, status }: { place: Place; status: Status | undefined }) {
  const { view, id } = place;
  if (view === "incident" && id) return <IncidentView id={id} />;
  if (view === "series") return id ? <SeriesView id={id} /> : <Explorer />;
  if (view === "topology") return <TopologyView />;
  if (view === "models") return id ? <ModelView name={id} /> : <ModelsView />;
  if (view === "lab") return <Lab />;
  if (view === "meta") return <MetaView />;
  if (view === "settings") return <SettingsView part={id ?? "routes"} status={status} />;
  return <Incidents status={status} />;
}

function App() {
  const place = usePlace();
  const { up, tick, refresh } = useLive();
  const status = useStatus(tick);
  const me = useWho();
  const [zone, setZone] = useState(storedZone);
  const [helping, setHelping] = useState(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => onKey(event, () => setHelping(true));
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
  const choose = (chosen: string): void => {
    storeZone(chosen);
    setZone(chosen);
  };
  return (
    <Zone.Provider value={zone}>
      <Tick.Provider value={tick}>
        <Refresh.Provider value={refresh}>
          <Who.Provider value={me}>
            <Here.Provider value={place}>
              <Header status={status} up={up} here={place.view} zone={zone} onZone={choose} />
              <View place={place} status={status} />
              <footer class="muted">
                <button type="button" class="plain" data-testid="keys" onClick={() => setHelping(true)}>
                  <kbd>?</kbd> keys
                </button>
                {status && <> · version {status.version}</>}
              </footer>
              {helping && <Help onClose={() => setHelping(false)} />}
            </Here.Provider>
          </Who.Provider>
        </Refresh.Provider>
      </Tick.Provider>
    </Zone.Provider>
  );
}

const host = document.getElementById("page");
returnToPlace();
if (host) render(<App />, host);
