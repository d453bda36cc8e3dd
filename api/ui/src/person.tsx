import { logOut } from "./api";
import { useMe } from "./hooks";

/** Who is logged in, and the way out. Only where access control is on. */
export function Person() {
  const me = useMe();
  if (me === undefined) return null;
  const leave = (): void => {
    logOut().then(
      () => location.assign("/login"),
      () => undefined,
    );
  };
  return (
    <p class="person" data-testid="person">
      <span>{me.name.replace(/^user:/, "")}</span>
      {me.team !== null && <span class="muted">team {me.team}</span>}
      {me.csrf !== null && (
        <button type="button" data-testid="log-out" onClick={leave}>
          Log out
        </button>
      )}
    </p>
  );
}
