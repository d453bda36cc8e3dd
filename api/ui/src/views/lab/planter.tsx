import { useState } from "preact/hooks";
import { ChoiceField, TextField } from "../../fields";
import { FAULTS, type Fault } from "./planting";
import type { Act } from "./recipe";

export type Hand = "look" | "draw" | "mark";

const HANDS: readonly (readonly [hand: Hand, name: string, does: string, key: string])[] = [
  ["look", "Look", "drag to zoom", "o"],
  ["draw", "Draw", "draw a shape over the values", "d"],
  ["mark", "Mark", "drag over a span: its values are anomalies; once more, and they are none", "m"],
];

interface PlanterProps {
  /** How many values the series has. */
  size: number;
  hand: Hand;
  onHand: (hand: Hand) => void;
  onPlant: (act: Act) => void;
}

/** What may be done to the series before detectors see it. */
export function Planter({ size, hand, onHand, onPlant }: PlanterProps) {
  const [fault, setFault] = useState<Fault>("spike");
  const [jumps, setJumps] = useState("12");
  const [long, setLong] = useState("20");
  const [from, setFrom] = useState(String(Math.floor(0.8 * size)));
  const numbers = [from, long, jumps].map(Number);
  const [place = 0, length = 0, large = 0] = numbers;
  const fits = numbers.every(Number.isFinite) && place >= 1 && place <= size && length >= 1 && large !== 0;
  return (
    <>
      <div class="choices" role="group" aria-label="What dragging on the chart does">
        {HANDS.map(([one, name, does, key]) => (
          <button
            type="button"
            key={one}
            title={does}
            data-key={key}
            data-does={does}
            data-testid={`hand-${one}`}
            aria-pressed={hand === one}
            onClick={() => onHand(one)}
          >
            {name} <kbd>{key}</kbd>
          </button>
        ))}
        <span class="muted">{HANDS.find(([one]) => one === hand)?.[2]}</span>
      </div>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          onPlant({ does: "plant", fault, from: Math.round(place) - 1, length: Math.round(length), jumps: large });
        }}
      >
        <ChoiceField
          name="Plant a"
          value={fault}
          choices={FAULTS.map((one) => [one, one] as const)}
          onValue={(one) => setFault(one as Fault)}
          testId="fault"
        />
        <TextField name="how many usual steps high" type="number" value={jumps} onValue={setJumps} />
        {fault !== "spike" && <TextField name="how many values long" type="number" min={1} value={long} onValue={setLong} />}
        <TextField name={`from value (1 to ${size})`} type="number" min={1} value={from} onValue={setFrom} />
        <button type="submit" data-testid="plant" disabled={!fits}>
          Plant
        </button>
      </form>
    </>
  );
}
