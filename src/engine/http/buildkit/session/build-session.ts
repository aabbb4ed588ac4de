import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openRootTree } from '../../../../build/context/index.ts'
import { readDirectives } from '../../../../build/dockerfile/directives.ts'
import { TscomposeError } from '../../../../errors.ts'
import { parseIgnoreFile } from '../../../../ignore.ts'
import { removeTree } from '../../../../remove-tree.ts'
import type { BuildSession } from '../../../api.ts'
import { notSupported } from '../../../failures.ts'
import { fetchFiles, openAgent, readLogin, readSecret } from './calls.ts'
import type { ClientSession } from './client-session.ts'

/** What the client's directories are called, and where the Dockerfile is. */
export interface SessionNames {
  /** Path of the Dockerfile in its directory. */
  readonly filename: string
  /** The directory that has it; undefined: it is in the build context. */
  readonly dockerfile?: string
}

/** What a client hands over for one of its builds. */
export function buildSession(client: ClientSession, { filename, dockerfile }: SessionNames): BuildSession {
  /** Of the build context, where the Dockerfile has one of its own. */
  let ownIgnores: readonly string[] | undefined

  /** Small files; the directory is empty again afterwards. */
  const readTexts = async (name: string, files: readonly string[], directory: string, signal: AbortSignal) => {
    const own = join(directory, 'texts')
    await mkdir(own)
    await fetchFiles(client, { name, only: files }, own, () => {}, signal)
    const tree = openRootTree(own)
    const texts = await Promise.all(files.map(file => tree.readText(file)))
    await removeTree(own)
    return texts
  }

  return {
    ...(dockerfile !== undefined && {
      async dockerfile(directory, signal) {
        const files = [filename, `${filename}.dockerignore`]
        const [text, ignores] = await readTexts(dockerfile, files, directory, signal)
        if (text === undefined)
          throw new TscomposeError(
            'BUILD_FILE_UNREADABLE',
            `failed to read dockerfile: open ${filename}: no such file or directory`,
          )
        checkSyntax(syntaxOf(text))
        if (ignores !== undefined) ownIgnores = parseIgnoreFile(ignores)
        return { text, name: filename }
      },
    }),
    async files({ name, only }, directory, tell, signal) {
      const own = name === 'context' ? ownIgnores : undefined
      const [ignores = ''] = own ? [] : await readTexts(name, ['.dockerignore'], directory, signal)
      const excludes = own ?? parseIgnoreFile(ignores)
      await fetchFiles(client, { name, excludes, only }, directory, tell, signal)
    },
    secret: (id, signal) => readSecret(client, id, signal),
    agent: (id, signal) => openAgent(client, id, signal),
    login: (domain, signal) => readLogin(client, domain, signal),
  }
}

function syntaxOf(text: string): string | undefined {
  try {
    return readDirectives(text.split(/\r?\n/)).syntax
  } catch {
    return undefined // the builder says what is wrong, and where
  }
}

/**
 * Frontends are programs in images, of which BuildKit runs any. The language of Docker's own is built in.
 * @throws TscomposeError ENGINE_NOT_SUPPORTED
 */
export function checkSyntax(image: string | undefined): void {
  if (image === undefined || /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?$/.test(image)) return
  throw notSupported(`the frontend ${image}: only docker/dockerfile is`)
}
