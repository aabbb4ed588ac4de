import type { BuildMessage } from '../../engine/api.ts'
import type { BuildDisplay } from './build.ts'
import { BuildSteps, failureView, isShown, type ShownStep, stepName } from './build-steps.ts'

/** How often the times are drawn anew, in milliseconds. */
const FRAME = 100
/** Lines of the log of a step that runs. */
const TAIL = 6
/** The engine's words (build/cache/reasons.ts) for what everybody knows. */
const noNews: readonly string[] = ['a step before it has run', 'the cache is not to be used']
const ERASE_BELOW = '\u001b[J'
const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const colors = { blue: 34, red: 31, yellow: 33, cyan: 36 } as const

interface Screen {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** Shows builds on a terminal as BuildKit does: a line for each step, and the last lines of what runs. */
export function openBuildScreen(screen: Screen, { color = true, now = Date.now } = {}): BuildDisplay {
  const steps = new BuildSteps()
  const began = now()
  let drawn = 0
  const paint = (name: keyof typeof colors, text: string) => (color ? `\u001b[${colors[name]}m${text}\u001b[0m` : text)

  const write = (lines: readonly string[]) => {
    const up = drawn > 0 ? `\u001b[${drawn}A` : ''
    screen.write(`${up}\r${ERASE_BELOW}${lines.map(line => `${line}\n`).join('')}`)
    drawn = lines.length
  }
  const headline = (over: boolean) => {
    const { all } = steps
    const ended = all.filter(({ progress }) => progress.state !== 'running').length
    const line = `[+] Building ${seconds(now() - began)} (${ended}/${all.length})${over ? ' FINISHED' : ''}`
    return over && all.every(({ progress }) => progress.state === 'done' || progress.state === 'cached')
      ? paint('blue', line)
      : line
  }
  const lineOf = (step: ShownStep): string => {
    const { state, started, ended, status } = step.progress
    const mark = { running: '', done: '', cached: 'CACHED ', failed: 'ERROR ', canceled: 'CANCELED ' }[state]
    const time = seconds((ended ?? now()) - started)
    const width = Math.max(20, (screen.columns ?? 80) - 1)
    const more = state === 'running' && status !== undefined ? `  ${status}` : ''
    const text = cut(` => ${mark}${stepName(step).replaceAll(/\s+/g, ' ')}${more}`, width - time.length - 1)
    const line = `${text.padEnd(width - time.length)}${time}`
    if (state === 'done' || state === 'cached') return paint('blue', line)
    if (state === 'failed') return paint('red', line)
    return state === 'canceled' ? paint('yellow', line) : line
  }
  const tailOf = ({ progress, tail }: ShownStep, length: number): readonly string[] =>
    progress.state === 'running' && length > 0
      ? tail.slice(-length).map(line => cut(` => => # ${line}`, (screen.columns ?? 80) - 1))
      : []

  /** Why it runs, where that is news: what is behind a step that has run has to run, too. */
  const reasonOf = ({ progress: { why } }: ShownStep): readonly string[] =>
    why === undefined || noNews.includes(why) ? [] : [cut(` => => because ${why}`, (screen.columns ?? 80) - 1)]

  /** What fits on the screen: steps that run with their logs, and as many of the others as there is room for. */
  const frame = (): readonly string[] => {
    const room = Math.max(3, (screen.rows ?? 24) - 2)
    const { all } = steps
    const running = all.filter(({ progress }) => progress.state === 'running')
    const spare = room - Math.min(all.length, room)
    const tail = Math.min(TAIL, Math.floor(Math.max(spare, (room - running.length) / 2) / Math.max(1, running.length)))
    const logs = running.reduce((sum, step) => sum + tailOf(step, tail).length, 0)
    const others = all.filter(step => !running.includes(step))
    const shown = new Set([...others.slice(-Math.max(0, room - running.length - logs) || others.length), ...running])
    const lines = all
      .filter(step => shown.has(step))
      .flatMap(step => [lineOf(step), ...reasonOf(step), ...tailOf(step, tail)])
    return [headline(false), ...lines.slice(-room)]
  }

  screen.write(HIDE_CURSOR)
  const timer = setInterval(() => write(frame()), FRAME)
  return {
    tell: (service: string, message: BuildMessage) => {
      if (message.type === 'log') steps.log(service, message)
      else if (message.type === 'step' && isShown(message.step)) steps.update(service, message.step)
      else if (message.type === 'warning') {
        const { where, message: text } = message
        write([])
        screen.write(`${paint('yellow', `WARN: ${where ? `${where}: ` : ''}${text}`)}\n`)
      }
    },
    /** The whole of it stays on the terminal, above whatever comes next. */
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      steps.cancelRest(now())
      write([headline(true), ...steps.all.flatMap(step => [lineOf(step), ...reasonOf(step)])])
      screen.write(
        SHOW_CURSOR +
          steps
            .failed()
            .flatMap(failureView)
            .map(line => `${line}\n`)
            .join(''),
      )
    },
  }
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)}s`

const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text
