import type { Where } from '../../errors.ts'

/** Something the user should know that does not stop the load. */
export interface Warning {
  readonly message: string
  readonly where?: Where
}
