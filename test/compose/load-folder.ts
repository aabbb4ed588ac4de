import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Loaded, type LoadOptions, loadProject } from '../../src/compose/load/index.ts'

export interface Folder extends AsyncDisposable {
  readonly path: string
}

/** A temporary folder with files in it. */
export async function projectFolder(files: Readonly<Record<string, string>>): Promise<Folder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'tscompose-load-')))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), text)
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

export const loadFolder = ({ path }: Folder, options: Partial<LoadOptions> = {}): Promise<Loaded> =>
  loadProject({ cwd: path, env: {}, ...options })
