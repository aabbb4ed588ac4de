import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { plainModel, printModel, printProject } from '../../src/compose/config.ts'
import { type LoadOptions, loadModel, loadProject } from '../../src/compose/load/index.ts'
import { renderError, TscomposeError } from '../../src/errors.ts'

/**
 * A case is a folder: Compose files, `args` (flags and services), `env` (NAME=value lines), and what `config` prints for
 * them: expected.yaml, or the whole error in expected.error. Warnings stand above the YAML as comments. `@DIR@` is the
 * folder, `@PARENT@` the one around it. UPDATE_GOLDEN=1 writes the expectations; the diff is to be reviewed.
 */
const root = join(import.meta.dirname, '../golden/config')
const cases = [...new Set(globSync('*/**/*', { cwd: root }).map(path => path.split('/')[0] ?? ''))].sort()

const read = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')

async function options(folder: string, cwd: string): Promise<LoadOptions> {
  const words = (await read(join(folder, 'args'))).split(/\s+/).filter(Boolean)
  const env = Object.fromEntries(
    (await read(join(folder, 'env')))
      .split('\n')
      .filter(Boolean)
      .map(line => line.split(/=(.*)/s)),
  )
  const files: string[] = []
  const profiles: string[] = []
  const envFiles: string[] = []
  const services: string[] = []
  const more: Record<string, string | boolean> = {}
  const lists: Record<string, string[]> = { '-f': files, '--profile': profiles, '--env-file': envFiles }
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (lists[word]) lists[word]?.push(words.shift() ?? '')
    else if (word === '-p') more.projectName = words.shift() ?? ''
    else if (word.startsWith('--'))
      more[word.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] = true
    else services.push(word)
  }
  return { cwd, env: { HOME: '/home/ada', ...env }, files, profiles, envFiles, services, ...more }
}

async function outcome(folder: string, cwd: string): Promise<{ kind: 'yaml' | 'error'; text: string }> {
  const given = await options(folder, cwd)
  const place = (text: string) => text.replaceAll(cwd, '@DIR@').replaceAll(dirname(cwd), '@PARENT@')
  try {
    if (given.noInterpolate)
      return { kind: 'yaml', text: place(printModel(plainModel((await loadModel(given)).root), { format: 'yaml' })) }
    const { project, warnings } = await loadProject(given)
    const comments = warnings.map(
      ({ message, where }) => `# ${where ? `${where.file}:${where.line}:${where.col}: ` : ''}${message}\n`,
    )
    return { kind: 'yaml', text: place(comments.join('') + printProject(project, { format: 'yaml' })) }
  } catch (error) {
    if (!(error instanceof TscomposeError)) throw error
    return { kind: 'error', text: place(`${renderError(error)}\n`) }
  }
}

test('there are cases', () => assert.ok(cases.length > 100))

for (const name of cases)
  test(`config ${name}`, async () => {
    const folder = join(root, name)
    const temporary = await realpath(await mkdtemp(join(tmpdir(), 'tscompose-golden-')))
    try {
      // A copy, so that nothing above the folder is found.
      const cwd = join(temporary, basename(folder))
      const isInput = (file: string) => dirname(file) !== folder || !/^(args|env|expected\.\w+)$/.test(basename(file))
      await cp(folder, cwd, { recursive: true, filter: isInput })
      const { kind, text } = await outcome(folder, cwd)
      const expected = join(folder, `expected.${kind}`)
      if (process.env.UPDATE_GOLDEN) await writeFile(expected, text)
      assert.equal(text, await read(expected))
    } finally {
      await rm(temporary, { recursive: true })
    }
  })
