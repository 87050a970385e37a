// Bar charts, status histories, heatmaps and XY charts as plain SVG: what is shown is theirs, the drawing is ours.
const React = require('react');

const SHADES = ['#8ab8ff', '#1f60c4', '#b877d9', '#5794f2', '#c0d8ff'];
const LEFT = 150, FOOT = 22;
const short = (text, most) => (String(text).length > most ? `${String(text).slice(0, most - 1)}…` : String(text));
const shown = (field, value) => (value === null ? '' : field.display(value).text);

function Bars({ panel, frame, width, height }) {
  const names = frame.fields.find((field) => field.name === panel.options.xField);
  const series = frame.fields.filter((field) => field.type === 'number');
  const stacked = panel.options.stacking === 'normal';
  const rows = names.values.length, inner = height - FOOT;
  const totals = [...names.values].map((_, row) => series.map((field) => field.values[row] || 0));
  const low = Math.min(0, ...totals.flatMap((one) => (stacked ? [one.filter((v) => v < 0).reduce((a, b) => a + b, 0)] : one)));
  const high = Math.max(0, ...totals.flatMap((one) => (stacked ? [one.filter((v) => v > 0).reduce((a, b) => a + b, 0)] : one))) || 1;
  const wide = panel.options.orientation === 'horizontal';
  const room = wide ? width - LEFT - 50 : inner - 30;
  const at = (value) => ((value - low) / (high - low)) * room;
  const step = (wide ? inner : width - 10) / rows, each = (step * 0.8) / (stacked ? 1 : series.length);
  const parts = [];
  for (let row = 0; row < rows; row += 1) {
    let up = 0, down = 0;
    series.forEach((field, place) => {
      const value = field.values[row] || 0;
      const from = stacked ? (value < 0 ? down : up) : 0;
      if (stacked) { if (value < 0) { down += value; } else { up += value; } }
      const a = Math.min(at(from), at(from + value)), size = Math.abs(at(from + value) - at(from));
      const across = row * step + step * 0.1 + (stacked ? 0 : place * each);
      parts.push(wide
        ? <rect key={`${row}-${place}`} x={LEFT + a} y={across} width={size} height={each} fill={SHADES[place]} />
        : <rect key={`${row}-${place}`} x={5 + across} y={inner - 30 - a - size} width={each} height={size} fill={SHADES[place]} />);
      if (wide && !stacked) {
        parts.push(<text key={`${row}-${place}-v`} x={LEFT + a + size + 4} y={across + each / 2 + 4} fontSize="10">{shown(field, field.values[row])}</text>);
      }
    });
    parts.push(wide
      ? <text key={`${row}-n`} x={LEFT - 6} y={row * step + step / 2 + 4} fontSize="11" textAnchor="end">{short(names.values[row], 24)}</text>
      : <text key={`${row}-n`} x={5 + row * step + step / 2} y={inner - 16} fontSize="10" textAnchor="middle">{short(names.values[row], 12)}</text>);
  }
  return <svg width={width} height={height}>{parts}{series.map((field, place) => <g key={field.name}>
    <rect x={LEFT + place * 110} y={height - 14} width="12" height="4" fill={SHADES[place]} />
    <text x={LEFT + place * 110 + 16} y={height - 9} fontSize="11">{field.config.displayName || field.name}</text></g>)}</svg>;
}

function Cells({ kind, frames, width, height, range, name }) {
  const from = range.from.valueOf(), to = range.to.valueOf(), inner = height - FOOT;
  const across = (time) => LEFT + ((time - from) / (to - from)) * (width - LEFT - 8);
  const lines = frames.map((frame) => ({ frame, times: frame.fields[0].values, field: frame.fields[1] }));
  if (kind === 'heatmap') {
    lines.sort((a, b) => Number(b.field.labels.le) - Number(a.field.labels.le));
    // Buckets are cumulated: a cell is what lies between two of them.
    lines.forEach((line, place) => {
      const below = lines[place + 1];
      const under = new Map(below ? [...below.times].map((time, i) => [time, below.field.values[i]]) : []);
      line.cells = [...line.times].map((time, i) => line.field.values[i] - (under.get(time) || 0));
    });
  }
  const highest = Math.max(1, ...lines.flatMap((line) => line.cells || []));
  const step = inner / Math.max(lines.length, 1);
  const least = Math.min(...lines.flatMap((line) => [...line.times].slice(1).map((time, i) => time - line.times[i])), (to - from) / 4);
  const wide = Math.max(2, (least / (to - from)) * (width - LEFT) - 1);
  return <svg width={width} height={height}>{lines.map((line, place) => <g key={place}>
    <text x={LEFT - 6} y={place * step + step / 2 + 4} fontSize="11" textAnchor="end">{short(kind === 'heatmap' ? line.field.labels.le : name(line.field, line.frame, frames), 24)}</text>
    {[...line.times].map((time, i) => {
      const value = line.cells ? line.cells[i] : line.field.values[i];
      const colour = line.cells ? `rgba(31,96,196,${Math.sqrt(Math.max(value, 0) / highest)})` : line.field.display(value).color;
      return <rect key={i} x={across(time) - wide / 2} y={place * step + 1} width={wide} height={Math.max(1, step - 2)} fill={colour} />;
    })}</g>)}
    {[0, 0.5, 1].map((part) => <text key={part} x={LEFT + part * (width - LEFT - 70) + 30} y={height - 6} fontSize="10" textAnchor="middle">
      {new Date(from + part * (to - from)).toISOString().slice(5, 16).replace('T', ' ')}</text>)}
  </svg>;
}

function Points({ frame, width, height }) {
  const [x, y] = frame.fields.filter((field) => field.type === 'number');
  const all = [...x.values, ...y.values].filter((value) => value !== null);
  const low = Math.min(...all), high = Math.max(...all), room = Math.min(width - 60, height - 40);
  const at = (value) => ((value - low) / (high - low || 1)) * room;
  return <svg width={width} height={height}>
    <line x1={50} y1={height - 30} x2={50 + room} y2={height - 30 - room} stroke="#8e8e8e" strokeDasharray="4 4" />
    {[...x.values].map((value, i) => <circle key={i} cx={50 + at(value)} cy={height - 30 - at(y.values[i])} r="3" fill="#1f60c4" fillOpacity="0.4" />)}
    <text x={50 + room / 2} y={height - 8} fontSize="11" textAnchor="middle">{x.name}</text>
    <text x={14} y={height / 2} fontSize="11" transform={`rotate(-90 14 ${height / 2})`}>{y.name}</text>
  </svg>;
}

module.exports = { Bars, Cells, Points };
