// Draws the panels of one dashboard: window.BOARD = {panels: [{panel, frames}], range: {from, to}, width}.
// Time series, stats, tables and bar gauges are Grafana's own components, with its transformations and overrides; the
// other kinds live in Grafana's core and are on no registry, so plots.jsx draws them.
const React = require('react');
const { createRoot } = require('react-dom/client');
const data = require('@grafana/data');
const ui = require('@grafana/ui');
const { lastValueFrom } = require('rxjs');
require('uplot/dist/uPlot.min.css');
const { Bars, Cells, Points } = require('./plots.jsx');

const theme = data.createTheme({ colors: { mode: 'light' } });
const CELL = 30, GAP = 8;
const same = (value) => value;

const { mergeTransformer, organizeFieldsTransformer, noopTransformer } = data.standardTransformers;
data.standardTransformersRegistry.setInit(() =>
  [mergeTransformer, organizeFieldsTransformer, noopTransformer].map((one) => ({ id: one.id, name: one.name, transformation: one })));

// Every property that a panel sets is known under its own name, as Grafana's plugins register them.
function registry(fieldConfig) {
  const custom = new Set(Object.keys(fieldConfig.defaults.custom || {}).map((name) => `custom.${name}`));
  for (const override of fieldConfig.overrides || []) {
    override.properties.filter((one) => one.id.startsWith('custom.')).forEach((one) => custom.add(one.id));
  }
  const item = (id, isCustom) => ({
    id, name: id, path: isCustom ? id.slice('custom.'.length) : id, isCustom, process: same, shouldApply: () => true,
  });
  const standard = ['unit', 'min', 'max', 'decimals', 'displayName', 'noValue', 'thresholds', 'mappings', 'links', 'color'];
  return new data.Registry(() => [...standard.map((id) => item(id, false)), ...[...custom].map((id) => item(id, true))]);
}

function based(thresholds) {
  (thresholds?.steps || []).forEach((step) => { step.value = step.value === null ? -Infinity : step.value; });
}

async function prepared({ panel, frames }) {
  based(panel.fieldConfig.defaults.thresholds);
  (panel.fieldConfig.overrides || []).forEach((one) =>
    one.properties.filter((prop) => prop.id === 'thresholds').forEach((prop) => based(prop.value)));
  const plain = frames.map((frame) => data.toDataFrame(frame));
  const moved = await lastValueFrom(data.transformDataFrame(panel.transformations || [], plain));
  return data.applyFieldOverrides({
    data: moved, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry(panel.fieldConfig),
    replaceVariables: same, theme, timeZone: 'utc',
  });
}

const numbers = (frame) => frame.fields.filter((field) => field.type === 'number');
const last = (field) => [...field.values].reverse().find((value) => value !== null && value !== undefined);

function Stats({ panel, frames, width, height }) {
  const every = panel.options.reduceOptions.values;
  const shown = frames.flatMap((frame) => numbers(frame).flatMap((field) => {
    const title = data.getFieldDisplayName(field, frame, frames);
    if (every) {
      const names = frame.fields.find((one) => one.type === 'string');
      return [...field.values].map((value, row) => ({ ...field.display(value), title: names ? names.values[row] : title }));
    }
    return [{ ...field.display(last(field)), title: frames.length > 1 ? title : '', field, frame }];
  }));
  const each = width / Math.max(shown.length, 1);
  return <div style={{ display: 'flex' }}>{shown.map((value, place) => {
    const line = panel.options.graphMode === 'area' && value.field
      ? { y: value.field, x: value.frame.fields[0] } : undefined;
    return <ui.BigValue key={place} value={value} sparkline={line} width={each} height={height} theme={theme}
      colorMode={panel.options.colorMode} graphMode={panel.options.graphMode} justifyMode="auto" />;
  })}</div>;
}

function Gauges({ frames, width, height }) {
  const shown = frames.flatMap((frame) => numbers(frame).map((field) => ({
    field, value: { ...field.display(last(field)), title: data.getFieldDisplayName(field, frame, frames) },
  })));
  const each = Math.min(60, height / Math.max(shown.length, 1));
  return <div>{shown.map(({ field, value }, place) =>
    <ui.BarGauge key={place} value={value} field={field.config} display={field.display} orientation="horizontal"
      width={width} height={each} theme={theme} displayMode="basic" itemSpacing={6} />)}</div>;
}

function Drawn({ panel, frames, width, height, range }) {
  const kind = panel.type;
  if (kind === 'text') {
    return <div style={{ fontSize: 13 }} dangerouslySetInnerHTML={{ __html: data.renderMarkdown(panel.options.content) }} />;
  }
  if (!frames.some((frame) => frame.length)) {
    return <div className="nothing">{panel.fieldConfig.defaults.noValue || 'No data'}</div>;
  }
  if (kind === 'timeseries') {
    return <ui.TimeSeries frames={frames} width={width} height={height} timeRange={range} timeZone="utc"
      legend={panel.options.legend} options={panel.options} />;
  }
  if (kind === 'table') {
    return <ui.Table data={frames[0]} width={width} height={height} cellHeight="sm" fieldConfig={panel.fieldConfig} />;
  }
  if (kind === 'stat') { return <Stats panel={panel} frames={frames} width={width} height={height} />; }
  if (kind === 'bargauge') { return <Gauges frames={frames} width={width} height={height} />; }
  if (kind === 'barchart') { return <Bars panel={panel} frame={frames[0]} width={width} height={height} theme={theme} />; }
  if (kind === 'xychart') { return <Points frame={frames[0]} width={width} height={height} theme={theme} />; }
  return <Cells kind={kind} frames={frames} width={width} height={height} theme={theme} range={range} name={data.getFieldDisplayName} />;
}

function One({ panel, frames, range, unit }) {
  const { x, y, w, h } = panel.gridPos;
  const box = { left: x * unit, top: y * (CELL + GAP), width: w * unit - GAP, height: h * (CELL + GAP) - GAP };
  if (panel.type === 'row') { return <div className="row" style={box}>{panel.title}</div>; }
  return <div className="panel" data-panel={panel.id} style={box} title={panel.description}>
    <div className="title">{panel.title}</div>
    <Drawn panel={panel} frames={frames} range={range} width={box.width - 16} height={box.height - 42} />
  </div>;
}

class Guard extends React.Component {
  constructor(props) { super(props); this.state = { error: null }; }
  static getDerivedStateFromError(error) { return { error }; }
  componentDidCatch(error) { window.FAILED.push(`${this.props.title}: ${error.message}`); }
  render() { return this.state.error ? <pre>{this.state.error.message}</pre> : this.props.children; }
}

async function main() {
  window.FAILED = [];
  const board = window.BOARD;
  const moment = (at) => data.dateTimeForTimeZone('utc', at);
  const range = { from: moment(board.range.from), to: moment(board.range.to), raw: { from: '', to: '' } };
  const shown = [];
  for (const one of board.panels) {
    shown.push(one.panel.type === 'row' || one.panel.type === 'text'
      ? { ...one, frames: [] } : { ...one, frames: await prepared(one) });
  }
  const bottom = Math.max(...board.panels.map(({ panel }) => panel.gridPos.y + panel.gridPos.h));
  createRoot(document.getElementById('root')).render(
    <data.ThemeContext.Provider value={theme}><ui.GlobalStyles hackNoBackdropBlur={true} isExtensionSidebarOpen={false} />
    <div style={{ position: 'relative', width: board.width, height: bottom * (CELL + GAP) }}>
      {shown.map(({ panel, frames }) => <Guard key={panel.id} title={panel.title}>
        <One panel={panel} frames={frames} range={range} unit={board.width / 24} /></Guard>)}
    </div></data.ThemeContext.Provider>);
  setTimeout(() => { window.DONE = true; }, 1500);
}

main().catch((error) => { window.FAILED.push(String(error.stack || error)); window.DONE = true; });
