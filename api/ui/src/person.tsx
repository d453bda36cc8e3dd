import { useEffect, useState } from "preact/hooks";
import { get, type Me, post } from "./api";

/** Who is logged in, and the way out. Only where access control is on. */
export function Person() {
  const [me, setMe] = useState<Me>();
  useEffect(() => {
    const control = new AbortController();
    get<Me>("me", {}, control.signal).then(setMe, () => undefined);
    return () => control.abort();
  }, []);
  if (me === undefined) return null;
  const leave = (): void => {
    post("/logout", me.csrf).then(
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
