import type { ComponentChildren } from "preact";

interface ListedProps<T> {
  testId: string;
  /** What stands over each column. */
  heads: readonly string[];
  /** Undefined: not here yet. */
  items: readonly T[] | undefined;
  /** What is said where there are none. */
  none: ComponentChildren;
  /** A row, with a key. */
  children: (item: T) => ComponentChildren;
}

/** A list of what is set: a table, or that there is nothing. */
export function Listed<T>({ testId, heads, items, none, children }: ListedProps<T>) {
  if (!items) return <p class="muted">…</p>;
  if (items.length === 0) return typeof none === "string" ? <p>{none}</p> : <>{none}</>;
  return (
    <table class="list" data-testid={testId}>
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head}>{head}</th>
          ))}
        </tr>
      </thead>
      <tbody>{items.map(children)}</tbody>
    </table>
  );
}
