import { change, get, part } from "../../api";
import { useLoad, useMay, useTick } from "../../hooks";
import { Trouble } from "../../parts";
import type { Page } from "../../shapes";
import { duration } from "../../time";
import { Changes, Opens } from "./confirm";
import { PreviewDialog } from "./preview";
import { RouteDialog } from "./route";
import { Listed } from "./listed";
import type { Receiver, Route } from "./shapes";

/** What a route asks of an incident, in words. */
function conditions(route: Route): string {
  const words = [
    route.priority && `${route.priority} or more urgent`,
    route.team !== null && (route.team === "" ? "of no team" : `team ${route.team}`),
    route.metrics.length > 0 && `metrics ${route.metrics.join(", ")}`,
    Object.entries(route.tags).map(([name, value]) => `${name}=${value}`).join(", "),
    route.severity > 0 && `severity from ${route.severity}`,
    route.score > 0 && `score from ${route.score}`,
    ...route.hours.map((hours) => `${hours.days.join(", ")} ${hours.from}–${hours.until} ${route.timezone}`),
  ].filter(Boolean);
  return words.join("; ") || "every incident";
}

function manner(route: Route): string {
  if (route.digest) return `all of a ${route.digest} together`;
  const words = [
    `after ${duration(1_000 * route.delay_s)}`,
    `updates every ${duration(1_000 * route.interval_s)} at most`,
    route.repeat_s > 0 ? `again after ${duration(1_000 * route.repeat_s)}` : "never again",
  ];
  return words.join(", ");
}

export function Routes() {
  const tick = useTick();
  const may = useMay("config");
  const { data, problem } = useLoad(`routes/${tick}`, (signal) => get<Page<Route>>("routes", {}, signal));
  const receivers = useLoad(`receivers/${tick}`, (signal) => get<Page<Receiver>>("receivers", {}, signal));
  const names = receivers.data?.items.map((one) => one.name) ?? [];
  const routes = data?.items ?? [];
  return (
    <>
      <p class="muted">An incident goes to the first route that it fits, and on where a route says so.</p>
      <Trouble problem={problem ?? receivers.problem} />
      {may && (
        <p class="buttons">
          <Opens
            name="Add a route"
            testId="add-route"
            dialog={(close) => <RouteDialog receivers={names} onClose={close} />}
          />
          <Opens name="What would have been sent" testId="preview-routes" dialog={(close) => <PreviewDialog onClose={close} />} />
        </p>
      )}
      <Listed
        testId="routes"
        heads={["Order", "Route", "For", "Tells", "How", ""]}
        items={data && routes}
        none={<p data-testid="no-routes">No route yet: nobody is told of any incident.</p>}
      >
        {(route) => (
          <tr key={route.name}>
            <td data-label="order">{route.name === "default" ? "last" : route.position}</td>
            <td>
              <b>{route.name}</b>
            </td>
            <td class="c-title">{conditions(route)}</td>
            <td data-label="tells">
              {route.receivers.join(", ") || "nobody"}
              {route.continue && <span class="muted"> and goes on</span>}
            </td>
            <td>{manner(route)}</td>
            <td class="c-buttons">
              {may && (
                <Changes
                  testId="edit-route"
                  dialog={(close) => <RouteDialog route={route} receivers={names} onClose={close} />}
                  title={`Remove the route ${route.name}`}
                  work={() => change("DELETE", `routes/${part(route.name)}`)}
                >
                  Those it has told of an incident are told of its end all the same.
                </Changes>
              )}
            </td>
          </tr>
        )}
      </Listed>
    </>
  );
}
