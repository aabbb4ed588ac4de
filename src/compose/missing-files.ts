import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Service } from './project.ts'

/** `nginx.conf`, `.env`; not `conf.d`, `.ssh` or `data`. */
const looksLikeFile = (path: string): boolean => /.\.(?!d$)[a-z][a-z0-9]{1,4}$|^\.env$|file$/i.test(basename(path))

/** Bind mounts of which a directory is about to be made where a file was meant: a typing mistake, or a file yet to come. */
export const missingFiles = ({ volumes }: Pick<Service, 'volumes'>): readonly string[] =>
  volumes.flatMap(({ type, source, target, bind }) =>
    type === 'bind' &&
    bind?.createHostPath &&
    source !== undefined &&
    looksLikeFile(source) &&
    looksLikeFile(target) &&
    !existsSync(source)
      ? [`${source} does not exist: a directory is made there, and mounted on ${target}`]
      : [],
  )
