import { offline } from '../offline.ts'
import type { Context } from './context.ts'

/** Does work that may ask somebody outside this machine, if the engine may. */
export const outside = <T>({ config }: Pick<Context, 'config'>, work: () => T): T =>
  config.offline ? offline('the engine', work) : work()
