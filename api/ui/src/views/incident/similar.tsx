import { percent } from "../../numbers";
import { Bar, headline, Moment, Pieces } from "../../parts";
import { link } from "../../place";
import type { Similar as Earlier } from "../../shapes";

/** Earlier incidents of much the same series, and what was said of them. */
export function Similar({ items }: { items: Earlier[] }) {
  return (
    <section>
      <h2>Like this before</h2>
      {items.length === 0 ? (
        <p class="muted">None of much the same series.</p>
      ) : (
        <ul class="similar" data-testid="similar">
          {items.map((item) => (
            <li key={item.id}>
              <a href={link("incident", item.id)} data-row>
                {headline(item.title)}
              </a>{" "}
              <span class="muted">
                <Moment ms={item.start_ms} /> · {item.shared} series in common{" "}
                <Bar share={item.likeness} label={`likeness ${percent(item.likeness)}`} />{" "}
                {percent(item.likeness)}
              </span>{" "}
              <Pieces items={item.labels} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
