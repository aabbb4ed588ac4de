import type { JSONMessage } from '../../engine/api.ts'
import { humanSize } from './human-size.ts'

interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const BAR = 50
const ERASE_LINE = '\u001b[2K\r'

/**
 * Writes what an operation on images tells, as Docker's client does: on a terminal each layer has a line that changes,
 * elsewhere the lines that tell of a change come one after the other.
 */
export async function writeMessages(output: Output, messages: AsyncIterable<JSONMessage>): Promise<void> {
  const rows: string[] = []
  for await (const message of messages) {
    const { id, stream } = message
    if (stream !== undefined) output.write(stream)
    else if (message.status === undefined) continue
    else if (!output.isTTY) output.write(hasProgress(message) ? '' : `${lineOf(message)}\n`)
    else if (id === undefined || message.progressDetail === undefined) output.write(`${lineOf(message)}\n`)
    else {
      if (!rows.includes(id)) {
        rows.push(id)
        output.write('\n')
      }
      const up = rows.length - rows.indexOf(id)
      output.write(`\u001b[${up}A${ERASE_LINE}${lineOf(message)}\r\u001b[${up}B`)
    }
  }
}

const hasProgress = ({ progressDetail }: JSONMessage): boolean => progressDetail?.current !== undefined

function lineOf({ id, status = '', progressDetail = {} }: JSONMessage): string {
  const line = id === undefined ? status : `${id}: ${status}`
  const { current, total } = progressDetail
  if (current === undefined) return line
  if (!total) return `${line} ${humanSize(current)}`
  const full = Math.min(BAR, Math.floor((BAR * current) / total))
  const bar = `${'='.repeat(full)}${full < BAR ? '>' : ''}`.padEnd(BAR)
  return `${line} [${bar}]  ${humanSize(current)}/${humanSize(total)}`
}
