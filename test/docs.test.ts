import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Cli } from '../src/cli/cli.ts'
import { findCommand } from '../src/cli/find-command.ts'
import { defineCommon } from '../src/cli/globals.ts'
import { newProgram } from '../src/cli/new-program.ts'
import type { EngineProcess } from '../src/engine/engine-status.ts'
import { swarmRoutes } from '../src/engine/http/routes/swarm.ts'
import { unsupportedRoutes } from '../src/engine/http/routes/unsupported.ts'
import { routeTables } from '../src/engine/http/routes.ts'
import { errorCodes } from '../src/errors.ts'

const read = (file: string) => readFileSync(file, 'utf8')
const documents = globSync(['*.md', 'docs/**/*.md'])

test('every error code has a section in docs/errors', () => {
  const sections = globSync('docs/errors/*.md').flatMap(file =>
    [...read(file).matchAll(/^## ([A-Z_0-9]+)$/gm)].map(([, code]) => code),
  )
  assert.deepEqual([...sections].sort(), Object.keys(errorCodes).sort())
})

test('every endpoint that is served is in docs/engine-api.md, and no other', () => {
  const text = read('docs/engine-api.md')
  const documented = new Set(
    [...text.matchAll(/((?:`[A-Z]+` )*)`([A-Z]+) (\/[^`?]*)`/g)].flatMap(([, more = '', method, path]) =>
      [...more.matchAll(/[A-Z]+/g), [method]].map(([each]) => `${each} ${path}`),
    ),
  )
  const unsupported = new Set([...unsupportedRoutes, ...swarmRoutes])
  const served = routeTables({} as EngineProcess)
    .flat()
    .filter(route => !unsupported.has(route))
  for (const { method, pattern } of served) assert.ok(documented.has(`${method} ${pattern}`), `${method} ${pattern}`)
  const known = new Set([...served, ...unsupported].map(({ method, pattern }) => `${method} ${pattern}`))
  for (const each of documented) assert.ok(known.has(each), each)
})

for (const file of documents)
  test(`every relative link in ${file} leads somewhere`, () => {
    for (const [, target = ''] of read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g))
      assert.ok(existsSync(join(dirname(file), target)), target)
  })

/** What documents tell to type: in code spans, and on lines of code blocks. */
const commandLines = (text: string): string[] => {
  const blocks = [...text.matchAll(/^```(?:sh|console)\n([^]*?)^```/gm)].flatMap(([, block = '']) => block.split('\n'))
  const spans = [...text.replace(/^```[^]*?^```/gm, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span)
  return [...blocks, ...spans].flatMap(line =>
    [...line.matchAll(/(?:^|[$|&;(] )(?:\S*\/)?tscompose ([^|<>&;#…]*)/g)].map(([, words = '']) => words.trim()),
  )
}

for (const file of documents)
  test(`every command and flag that ${file} tells to type exists`, async () => {
    for (const line of commandLines(read(file)).filter(words => !words.includes('COMMAND'))) {
      const words = line.replaceAll(/'[^']*'|"[^"]*"/g, 'QUOTED').split(/[\s,]+/)
      const program = newProgram()
      const found = await findCommand(words, program)
      assert.ok(found.kind === 'command' || found.kind === 'group', line)
      if (found.kind === 'command') {
        defineCommon(found.command, found.entry)
        ;(await found.entry.load()).define(found.command, {} as Cli)
      }
      const owner = found.kind === 'command' ? found.command : found.group
      const known = [...program.options, ...owner.options].flatMap(({ long, short }) => [long, short])
      // Behind the service come the words of the program that is to run.
      const own = words.join(' ').replace(/\b((?:exec|run)(?: -\S+)* \S+) .*/, '$1')
      for (const [, flag = ''] of own.matchAll(/(?:^| )(--[a-z-]+|-[a-zA-Z](?= |$))/g))
        assert.ok(flag === '--help' || known.includes(flag), `${line}: ${flag}`)
    }
  })

test('every source file that ARCHITECTURE.md and CONTRIBUTING.md name exists', () => {
  const sources = [...globSync('{src,scripts,test,bench}/**'), ...globSync('*')].map(file => `/${file}`)
  for (const document of ['ARCHITECTURE.md', 'CONTRIBUTING.md'])
    for (const [, path = ''] of read(document).matchAll(/`([\w./-]+\.(?:ts|c))`/g))
      assert.ok(
        sources.some(file => file.endsWith(`/${path}`)),
        `${document}: ${path}`,
      )
})

test('the CHANGELOG describes this version', () => {
  const { version } = JSON.parse(read('package.json'))
  assert.ok(read('CHANGELOG.md').includes(`\n## [${version}]`))
})

test('every npm script that the README names exists', () => {
  const { scripts } = JSON.parse(read('package.json'))
  for (const [, name = ''] of read('README.md').matchAll(/`npm (?:run )?([a-z]+)`/g))
    assert.ok(name in scripts || ['install', 'ci', 'pack'].includes(name), name)
})
