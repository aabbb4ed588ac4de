import { type ShownStep, stepName } from './build-steps.ts'

/** Lines of the log of a step that runs. */
const TAIL = 6
/** The engine's words (build/cache/reasons.ts) for what everybody knows. */
const noNews: readonly string[] = ['a step before it has run', 'the cache is not to be used']
const colors = { blue: 34, red: 31, yellow: 33 } as const
/** What is not here is in the terminal's own colour. */
const colorOf = { running: undefined, done: 'blue', cached: 'blue', failed: 'red', canceled: 'yellow' } as const
const marks = { running: '', done: '', cached: 'CACHED ', failed: 'ERROR ', canceled: 'CANCELED ' } as const

/** What the lines depend on besides the steps. */
export interface View {
  /** Of the terminal. */
  readonly columns: number
  readonly rows: number
  readonly isColored: boolean
  /** When the build began, and now: Unix time in milliseconds. */
  readonly began: number
  readonly now: number
}

export const paint = (text: string, color: keyof typeof colors | undefined, { isColored }: View): string =>
  color && isColored ? `\u001b[${colors[color]}m${text}\u001b[0m` : text

/** What fits on the screen: steps that run with their logs, and as many of the others as there is room for. */
export function frameWhileRunning(steps: readonly ShownStep[], view: View): readonly string[] {
  const room = Math.max(3, view.rows - 2)
  const running = steps.filter(isRunning)
  const spare = room - Math.min(steps.length, room)
  const tail = Math.min(TAIL, Math.floor(Math.max(spare, (room - running.length) / 2) / Math.max(1, running.length)))
  const logs = running.reduce((sum, step) => sum + tailOf(step, tail, view).length, 0)
  const others = steps.filter(step => !isRunning(step))
  const shown = new Set([...others.slice(-Math.max(0, room - running.length - logs) || others.length), ...running])
  const lines = steps
    .filter(step => shown.has(step))
    .flatMap(step => [lineOf(step, view), ...reasonOf(step, view), ...tailOf(step, tail, view)])
  return [headline(steps, view), ...lines.slice(-room)]
}

/** All steps: it stays on the terminal, above whatever comes next. */
export function frameAtEnd(steps: readonly ShownStep[], view: View): readonly string[] {
  const isGood = steps.every(({ progress }) => progress.state === 'done' || progress.state === 'cached')
  const head = `${headline(steps, view)} FINISHED`
  return [
    paint(head, isGood ? 'blue' : undefined, view),
    ...steps.flatMap(step => [lineOf(step, view), ...reasonOf(step, view)]),
  ]
}

const isRunning = ({ progress }: ShownStep): boolean => progress.state === 'running'

function headline(steps: readonly ShownStep[], { now, began }: View): string {
  const ended = steps.filter(step => !isRunning(step)).length
  return `[+] Building ${seconds(now - began)} (${ended}/${steps.length})`
}

function lineOf(step: ShownStep, view: View): string {
  const { state, started, ended, status } = step.progress
  const time = seconds((ended ?? view.now) - started)
  const width = Math.max(20, view.columns - 1)
  const more = state === 'running' && status !== undefined ? `  ${status}` : ''
  const text = cut(` => ${marks[state]}${stepName(step).replaceAll(/\s+/g, ' ')}${more}`, width - time.length - 1)
  return paint(`${text.padEnd(width - time.length)}${time}`, colorOf[state], view)
}

const tailOf = ({ progress, tail }: ShownStep, length: number, { columns }: View): readonly string[] =>
  progress.state === 'running' && length > 0
    ? tail.slice(-length).map(line => cut(` => => # ${line}`, columns - 1))
    : []

/** Why it runs, where that is news: what is behind a step that has run has to run, too. */
const reasonOf = ({ progress: { why } }: ShownStep, { columns }: View): readonly string[] =>
  why === undefined || noNews.includes(why) ? [] : [cut(` => => because ${why}`, columns - 1)]

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)}s`

const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text
