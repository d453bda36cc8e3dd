import { useState } from "preact/hooks";
import type { Columns } from "./shapes";
import { useZone } from "./hooks";
import { number } from "./numbers";
import { momentWithOffset } from "./time";

const LAST = 12;
const MOST = 200;

/** The anomalous rows and the last ones, at most MOST, in order of time. */
function chosen(columns: Columns): number[] {
  const size = columns.ts_ms.length;
  const rows = columns.verdict.flatMap((verdict, i) =>
    i >= size - LAST || verdict === "anomaly" || verdict === "static bound" ? [i] : [],
  );
  return rows.slice(-MOST);
}

/** The numbers behind a chart, for those who cannot or need not see it. Filled when opened. */
export function Rows({ columns, rival }: { columns: Columns; rival?: (number | null)[] | undefined }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="rows" data-testid="rows" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Rows: anomalous and latest</summary>
      {open && <Table columns={columns} rival={rival} />}
    </details>
  );
}

function Table({ columns, rival }: { columns: Columns; rival: (number | null)[] | undefined }) {
  const zone = useZone();
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>time</th>
            <th class="num">value</th>
            <th class="num">n</th>
            <th class="num">expected</th>
            {rival && <th class="num">challenger</th>}
            <th class="num">lower</th>
            <th class="num">upper</th>
            <th class="num">score</th>
            <th>verdict</th>
            <th>model</th>
          </tr>
        </thead>
        <tbody>
          {chosen(columns).map((i) => (
            <tr key={columns.ts_ms[i]}>
              <td>{momentWithOffset(columns.ts_ms[i] ?? 0, zone)}</td>
              <td class="num">{number(columns.value[i])}</td>
              <td class="num">{number(columns.n[i])}</td>
              <td class="num">{number(columns.expected[i])}</td>
              {rival && <td class="num">{number(rival[i])}</td>}
              <td class="num">{number(columns.lower[i])}</td>
              <td class="num">{number(columns.upper[i])}</td>
              <td class="num">{number(columns.score[i])}</td>
              <td>{columns.verdict[i]}</td>
              <td>{columns.model[i]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
