import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Notice } from "./parts";

/** A view whose code is fetched when it is first looked at, so that the first page stays small. `Around` holds what is
    said until it is there. */
export function later<P extends object>(
  load: () => Promise<ComponentType<P>>,
  Around: "main" | "div" = "main",
): ComponentType<P> {
  let Part: ComponentType<P> | undefined;
  return function Later(props: P) {
    const [, setCame] = useState(false);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Part) return;
      load().then(
        (found) => {
          Part = found;
          setCame(true);
        },
        () => setFailed(true),
      );
    }, []);
    if (Part) return <Part {...props} />;
    return (
      <Around>
        {failed ? (
          <Notice kind="warn">This part could not be fetched: the server is away, or of a new version. Reload.</Notice>
        ) : (
          <p class="muted">Loading…</p>
        )}
      </Around>
    );
  };
}
