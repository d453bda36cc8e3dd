// Fields of forms: each with its name in sight.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  name: string;
  hint?: string;
  children: (id: string) => ComponentChildren;
}

export function Field({ name, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{name}</label>
      {children(id)}
      {hint && <small class="muted">{hint}</small>}
    </div>
  );
}

interface TextProps {
  name: string;
  value: string;
  onValue: (value: string) => void;
  hint?: string;
  required?: boolean;
  placeholder?: string;
  type?: string;
  lines?: number;
  min?: number;
  list?: string;
}

export function TextField({ name, hint, value, onValue, lines, list, ...rest }: TextProps) {
  const more = hint ? { hint } : {};
  return (
    <Field name={name} {...more}>
      {(id) =>
        lines ? (
          <textarea id={id} rows={lines} value={value} {...rest} onInput={(event) => onValue(event.currentTarget.value)} />
        ) : (
          <input
            id={id}
            value={value}
            {...((list ? { list, ...rest } : rest) as object)}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

interface ChoiceProps {
  name: string;
  value: string;
  choices: readonly (readonly [value: string, text: string])[];
  onValue: (value: string) => void;
  hint?: string;
  testId?: string;
}

export function ChoiceField({ name, hint, value, choices, onValue, testId }: ChoiceProps) {
  const more = hint ? { hint } : {};
  return (
    <Field name={name} {...more}>
      {(id) => (
        <select id={id} value={value} data-testid={testId} onChange={(event) => onValue(event.currentTarget.value)}>
          {choices.map(([key, text]) => (
            <option key={key} value={key} selected={key === value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckField(props: { name: string; value: boolean; onValue: (value: boolean) => void; hint?: string }) {
  return (
    <label class="check">
      <input type="checkbox" checked={props.value} onChange={(event) => props.onValue(event.currentTarget.checked)} />
      <span>
        {props.name}
        {props.hint && <small class="muted"> {props.hint}</small>}
      </span>
    </label>
  );
}

/** name=value pairs, one a line, both ways. */
export function pairsOf(text: string): Record<string, string> {
  const lines = text.split(/[\n,]/).map((line) => line.trim());
  return Object.fromEntries(
    lines.filter((line) => line.includes("=")).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

export function textOf(pairs: Record<string, string>): string {
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}

export function listOf(text: string): string[] {
  return text.split(/[\n,]/).map((one) => one.trim()).filter(Boolean);
}
