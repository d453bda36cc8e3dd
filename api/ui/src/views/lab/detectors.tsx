import { ChoiceField } from "../../fields";
import { type Detector, MODELS, MOST_DETECTORS, nameOf, THRESHOLDS } from "./shapes";

const ANY = [["", "as the system chooses"]] as const;

/** Which detectors run side by side. */
export function Detectors({ chosen, onChosen }: { chosen: readonly Detector[]; onChosen: (chosen: Detector[]) => void }) {
  const changed = (place: number, change: Partial<Detector>): void =>
    onChosen(chosen.map((one, i) => (i === place ? { ...one, ...change } : one)));
  return (
    <details data-testid="detectors">
      <summary>Detectors: {chosen.map(nameOf).join(", ")}</summary>
      <p class="muted">
        Each is the system with one model, one law of the tail, or both, fixed. An exponential average competes always, and
        judges where the chosen model loses to it or has seen too little.
      </p>
      {chosen.map((one, i) => (
        <fieldset class="filters" key={i}>
          <legend class="unseen">Detector {i + 1}</legend>
          <ChoiceField
            name="Model"
            value={one.model ?? ""}
            choices={[...ANY, ...MODELS.map((name) => [name, name] as const)]}
            onValue={(name) => changed(i, { model: name || undefined })}
          />
          <ChoiceField
            name="Law of the tail"
            value={one.threshold ?? ""}
            choices={[...ANY, ...THRESHOLDS.map((name) => [name, name] as const)]}
            onValue={(name) => changed(i, { threshold: name || undefined })}
          />
          {chosen.length > 1 && (
            <button type="button" onClick={() => onChosen(chosen.filter((_, other) => other !== i))}>
              Remove
            </button>
          )}
        </fieldset>
      ))}
      {chosen.length < MOST_DETECTORS && (
        <button type="button" onClick={() => onChosen([...chosen, { model: undefined, threshold: undefined }])}>
          Add a detector
        </button>
      )}
    </details>
  );
}
