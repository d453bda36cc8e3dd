import { Dialog } from "./dialog";
import { buttonKeys, KEYS } from "./keys";

export function Help({ onClose }: { onClose: () => void }) {
  const here = buttonKeys();
  return (
    <Dialog title="Keys" onClose={onClose}>
      {here.length > 0 && <Keys name="On this page" keys={here} />}
      <Keys name="Everywhere" keys={KEYS} />
      <p class="buttons">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </p>
    </Dialog>
  );
}

function Keys({ name, keys }: { name: string; keys: readonly (readonly [string, string])[] }) {
  return (
    <>
      <h3>{name}</h3>
      <dl class="keys">
        {keys.map(([key, does]) => (
          <div key={key + does}>
            <dt>
              {key.split(" ").map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
