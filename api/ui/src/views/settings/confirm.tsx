import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Ask } from "../../dialog";
import { useRefresh } from "../../hooks";

interface RemoveProps {
  /** What the button says. */
  name: string;
  title: string;
  children: ComponentChildren;
  work: () => Promise<unknown>;
}

/** A button that takes something away once that was said again. */
export function Remove({ name, title, children, work }: RemoveProps) {
  const refresh = useRefresh();
  const [asking, setAsking] = useState(false);
  const close = (): void => {
    setAsking(false);
    refresh();
  };
  return (
    <>
      <button type="button" class="small danger" onClick={() => setAsking(true)}>
        {name}
      </button>
      {asking && (
        <Ask title={title} does={name} onClose={close} work={work}>
          <p>{children}</p>
        </Ask>
      )}
    </>
  );
}

interface AddProps {
  name: string;
  testId: string;
  dialog: (close: () => void) => ComponentChildren;
  small?: boolean;
}

/** A button that opens a window, and what it holds is loaded anew when that closes. */
export function Opens({ name, testId, dialog, small }: AddProps) {
  const refresh = useRefresh();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class={small ? "small" : ""} data-testid={testId} onClick={() => setOpen(true)}>
        {name}
      </button>
      {open &&
        dialog(() => {
          setOpen(false);
          refresh();
        })}
    </>
  );
}

interface ChangesProps {
  testId: string;
  /** The window in which it is changed. */
  dialog: (close: () => void) => ComponentChildren;
  /** What is asked before it is removed. */
  title: string;
  children: ComponentChildren;
  work: () => Promise<unknown>;
}

/** The two buttons of a row: change what it holds, remove it. */
export function Changes({ testId, dialog, title, children, work }: ChangesProps) {
  return (
    <>
      <Opens name="Change" testId={testId} small dialog={dialog} />{" "}
      <Remove name="Remove" title={title} work={work}>
        {children}
      </Remove>
    </>
  );
}
