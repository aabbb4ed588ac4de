import { TscomposeError } from '../../errors.ts'
import type { EnvEntries } from './dotenv.ts'
import { parseDotenv } from './dotenv.ts'
import { type Session, statOf } from './session.ts'
import type { Lookup } from './template.ts'

/**
 * Reads env files for interpolation; later ones win. `lookup` is what their own variable references see first.
 * @param paths absolute
 */
export async function readEnvFiles(paths: readonly string[], lookup: Lookup, session: Session): Promise<EnvEntries> {
  const entries: EnvEntries = new Map()
  for (const path of paths) {
    const found = statOf(path)
    if (!found) {
      const { suggestFile } = await import('./suggest-file.ts')
      throw new TscomposeError('COMPOSE_ENV_FILE_NOT_FOUND', `couldn't find env file: ${path}`, await suggestFile(path))
    }
    if (found.isDirectory())
      throw new TscomposeError('COMPOSE_ENV_FILE_NOT_FOUND', `${path} is a directory`, { fix: 'Name a file in it.' })
    parseDotenv(await session.read(path), entries, lookup, session.warn)
  }
  return entries
}
