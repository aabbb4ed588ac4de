import type { Context } from '../context.ts'
import { invalid, notRunning } from '../failures.ts'
import type { Container } from './container.ts'
import { emitContainer } from './events.ts'

/** Tells a container's terminal its size, in characters. */
export function resizeContainer(context: Context, container: Container, height: number, width: number): void {
  if (!container.run) throw notRunning(container.id)
  if (!(height >= 0 && width >= 0)) throw invalid(`invalid resize height or width: ${height}x${width}`)
  container.run.process.resize(height, width)
  emitContainer(context, container, 'resize', { height: String(height), width: String(width) })
}
