import { TscomposeError } from '../errors.ts'
import { isRepository } from '../image/reference.ts'

/** A parameter of a request that is not what it should be. */
export const invalid = (message: string): TscomposeError => new TscomposeError('ENGINE_REQUEST_INVALID', message)

/** Something Docker does and the engine does not: refused, since ignoring it would give another container than asked for. */
export const notSupported = (what: string): TscomposeError =>
  new TscomposeError('ENGINE_NOT_SUPPORTED', `not supported yet: ${what}`)

export const containerNotFound = (reference: string): TscomposeError =>
  new TscomposeError('ENGINE_CONTAINER_NOT_FOUND', `No such container: ${reference}`)

/** A name alone means its latest tag, and is told so. */
export const imageNotFound = (reference: string): TscomposeError =>
  new TscomposeError(
    'ENGINE_IMAGE_NOT_FOUND',
    `No such image: ${isRepository(reference) ? `${reference}:latest` : reference}`,
  )

export const networkNotFound = (reference: string): TscomposeError =>
  new TscomposeError('ENGINE_NETWORK_NOT_FOUND', `network ${reference} not found`)

export const volumeNotFound = (name: string): TscomposeError =>
  new TscomposeError('ENGINE_VOLUME_NOT_FOUND', `get ${name}: no such volume`)

export const notRunning = (id: string): TscomposeError =>
  new TscomposeError('ENGINE_CONTAINER_NOT_RUNNING', `container ${id} is not running`)

export const stateConflict = (message: string): TscomposeError => new TscomposeError('ENGINE_CONTAINER_STATE', message)

export const isRestarting = (id: string): TscomposeError =>
  stateConflict(`Container ${id} is restarting, wait until the container is running`)
