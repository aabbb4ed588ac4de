import type { BuildMessage } from '../../engine/api.ts'
import type { BuildDisplay } from './build.ts'
import { frameAtEnd, frameWhileRunning, paint, type View } from './build-frame.ts'
import { BuildSteps, failureView, isShown } from './build-steps.ts'

/** How often the times are drawn anew, in milliseconds. */
const FRAME = 100
const ERASE_BELOW = '\u001b[J'
const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'

interface Screen {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** Shows builds on a terminal as BuildKit does: a line for each step, and the last lines of what runs. */
export function openBuildScreen(screen: Screen, { color = true, now = Date.now } = {}): BuildDisplay {
  const steps = new BuildSteps()
  const began = now()
  const view = (): View => ({
    columns: screen.columns ?? 80,
    rows: screen.rows ?? 24,
    isColored: color,
    began,
    now: now(),
  })
  let drawn = 0
  const draw = (lines: readonly string[]) => {
    const up = drawn > 0 ? `\u001b[${drawn}A` : ''
    screen.write(`${up}\r${ERASE_BELOW}${text(lines)}`)
    drawn = lines.length
  }
  const warn = ({ where, message }: Extract<BuildMessage, { type: 'warning' }>) => {
    const line = `WARN: ${where ? `${where}: ` : ''}${message}`
    draw([])
    screen.write(text([paint(line, 'yellow', view())]))
  }

  screen.write(HIDE_CURSOR)
  const timer = setInterval(() => draw(frameWhileRunning(steps.all, view())), FRAME)
  return {
    tell(service: string, message: BuildMessage) {
      if (message.type === 'log') steps.log(service, message)
      else if (message.type === 'step' && isShown(message.step)) steps.update(service, message.step)
      else if (message.type === 'warning') warn(message)
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      steps.cancelRest(now())
      draw(frameAtEnd(steps.all, view()))
      screen.write(SHOW_CURSOR + text(steps.failed().flatMap(failureView)))
    },
  }
}

const text = (lines: readonly string[]): string => lines.map(line => `${line}\n`).join('')
