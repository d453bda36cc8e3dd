import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { useDoing } from "./hooks";
import { Trouble } from "./parts";

/** A window over the page. The browser keeps the focus in it; Escape closes it. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }) {
  const host = useRef<HTMLDialogElement>(null);
  const name = useId();
  // before the next key can be pressed
  useLayoutEffect(() => {
    const dialog = host.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={host}
      class={props.wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={name}
      data-testid="dialog"
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      <h2 id={name}>{props.title}</h2>
      {props.children}
    </dialog>
  );
}

/** A link out of a window, into a tab of its own: what was filled in stays. */
export function LinkOut({ href, children }: { href: string; children: ComponentChildren }) {
  return (
    <a href={href} target="_blank" rel="noopener" title="opens a tab of its own">
      {children}
    </a>
  );
}

interface AskProps {
  title: string;
  /** What the button says that does it. */
  does: string;
  onClose: () => void;
  work: () => Promise<unknown>;
  children: ComponentChildren;
  ready?: boolean;
  wide?: boolean;
  /** It is not closed when it is done. */
  stays?: boolean;
}

/** A window that asks for something and does it; it stays open, with the reason, where that fails. */
export function Ask(props: AskProps) {
  const { busy, problem, run } = useDoing();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if ((await run(props.work)) && !props.stays) props.onClose();
  };
  return (
    <Dialog title={props.title} onClose={props.onClose} wide={props.wide ?? false}>
      <form onSubmit={(event) => void submit(event)}>
        {props.children}
        <Trouble problem={problem} />
        <p class="buttons">
          <button type="submit" class="main" disabled={busy || props.ready === false} data-testid="submit">
            {busy ? "…" : props.does}
          </button>
          <button type="button" onClick={props.onClose}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}
