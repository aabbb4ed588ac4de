import type { ProgressEvent, Report } from '../../compose/apply/report.ts'
import type { Cli } from '../cli.ts'
import { useColor } from '../color.ts'
import type { ProgressMode } from '../globals.ts'
import { warningLine } from './warnings.ts'

/** Shows what happens to a project's resources, on stderr. */
export interface Progress extends AsyncDisposable {
  /** A plan is about to be carried out: what it does something to, and how often. */
  readonly begin: (expected: ReadonlyMap<string, number>) => void
  readonly report: Report
  /** A message beside the progress. */
  readonly warn: (message: string) => void
  /** Ends what began. Failed: what is not done will not be. */
  readonly end: (failed: boolean) => Promise<void>
}

/** One of the forms of `--progress`. */
export async function openProgress(cli: Cli, { quiet = false } = {}): Promise<Progress> {
  const stream = /^(1|true)$/i.test(cli.env.COMPOSE_STATUS_STDOUT ?? '') ? cli.stdout : cli.stderr
  switch (effectiveMode(cli.options.progress, cli.options.ansi, stream)) {
    case 'tty': {
      const { openTtyProgress } = await import('./tty.ts')
      return openTtyProgress(stream, { color: useColor(cli, stream) })
    }
    case 'json':
      return textProgress(
        stream,
        quiet ? () => '' : jsonLine,
        message => `${JSON.stringify({ level: 'warning', message })}\n`,
      )
    case 'quiet':
      return textProgress(stream, () => '', warningLine)
    default:
      return textProgress(stream, quiet ? () => '' : plainLine, warningLine)
  }
}

export function effectiveMode(
  mode: ProgressMode,
  ansi: string,
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
): Exclude<ProgressMode, 'auto'> {
  if (mode !== 'auto') return mode
  // Terminals that nobody sits at, as those of some CI systems, have no width to draw in.
  return ansi === 'always' || (isTTY && columns !== 0 && ansi === 'auto') ? 'tty' : 'plain'
}

function textProgress(
  stream: { write(text: string): unknown },
  render: (event: ProgressEvent) => string,
  renderWarning: (message: string) => string,
): Progress {
  return {
    begin: () => {},
    report: event => {
      const text = render(event)
      if (text !== '') stream.write(text)
    },
    warn: message => void stream.write(renderWarning(message)),
    end: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

/** ` Container demo-web-1 Started`. The parts of a whole, as layers of an image, would be hundreds of lines. */
export const plainLine = ({ id, text, parentId, details }: ProgressEvent): string =>
  parentId === undefined ? ` ${id} ${text}${details === undefined ? '' : ` ${details}`}\n` : ''

const statusWords = { working: 'Working', done: 'Done', warning: 'Warning', error: 'Error' } as const

export function jsonLine({ id, parentId, status, text, details, current, total }: ProgressEvent): string {
  const percent = current !== undefined && total ? Math.floor((current * 100) / total) : undefined
  const event = { id, parent_id: parentId, status: statusWords[status], text, details, current, total, percent }
  return `${JSON.stringify(event)}\n`
}
