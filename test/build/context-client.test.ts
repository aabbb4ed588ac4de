import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openClientContext } from '../../src/build/context/index.ts'
import { contextPaths } from '../../src/build/context-paths.ts'
import { givenToStages, parseDockerfile } from '../../src/build/dockerfile/index.ts'

function pathsOf(text: string): readonly string[] | undefined {
  const dockerfile = parseDockerfile(text, 'Dockerfile')
  const platform = 'linux/amd64'
  const given = { buildArgs: new Map(), buildPlatform: platform, targetPlatform: platform }
  return contextPaths(dockerfile, givenToStages(dockerfile, given))
}

test('what a Dockerfile takes from its context', () => {
  const text = `FROM a AS one
COPY package.json ./src/*.js /app/
RUN echo $HOME
RUN --mount=type=bind,source=/lib,target=/lib --mount=type=cache,target=/c true
FROM b
COPY --from=one /app /app
ADD --chown=1:1 data.tar https://example.org/x /
COPY <<EOT /inline
$text
EOT
`
  assert.deepEqual(pathsOf(text), ['package.json', 'src/*.js', 'lib', 'data.tar'])
  assert.deepEqual(pathsOf('FROM a\nRUN true\nENV b=c\n'), [])
  for (const all of [
    'COPY . /',
    'COPY ./ /',
    'COPY / /',
    'COPY a/.. /',
    'ADD $x /',
    'COPY --parents a/b /',
    'RUN --mount=type=bind,target=/c true',
  ])
    assert.equal(pathsOf(`FROM a\n${all}\n`), undefined, all)
})

async function context(t: TestContext, files: Readonly<Record<string, string>>) {
  const temporary = await mkdtemp(join(tmpdir(), 'tscompose-client-'))
  t.after(() => rm(temporary, { recursive: true, force: true }))
  const asked: (readonly string[] | undefined)[] = []
  const opened = await openClientContext(temporary, async (directory, only) => {
    asked.push(only)
    for (const [name, text] of Object.entries(files)) {
      if (only && !only.some(path => name === path || name.startsWith(`${path}/`))) continue
      await mkdir(join(directory, dirname(name)), { recursive: true })
      await writeFile(join(directory, name), text)
    }
  })
  const select = async (...sources: string[]) => {
    const { matches } = await opened.select({ sources, excludes: [], parents: false }, new AbortController().signal)
    return matches
      .flatMap(({ entries }) => entries.filter(({ type }) => type === 'file').map(({ path }) => path))
      .sort()
  }
  return { opened, asked, select, temporary }
}

const files = { 'src/a': 'a', b: 'b', c: 'c' }

test('only what is expected is sent, once, and nothing before it is needed', async t => {
  const { opened, asked, select, temporary } = await context(t, files)
  opened.expect?.(['./src/', 'b'])
  assert.deepEqual(asked, [])
  assert.deepEqual(await Promise.all([select('./src/'), select('b')]), [['src/a'], ['b']])
  assert.deepEqual(asked, [['src', 'b']])
  assert.equal(await opened.readText('b'), 'b')
  assert.deepEqual((await readdir(opened.directory)).sort(), ['b', 'src'])
  await opened[Symbol.asyncDispose]()
  assert.deepEqual(await readdir(temporary), [])
})

test('what nobody could expect has all of it sent', async t => {
  const { opened, asked, select } = await context(t, files)
  opened.expect?.(['b'])
  assert.deepEqual(await select('b'), ['b'])
  assert.deepEqual(await select('c', 'src'), ['c', 'src/a'])
  assert.deepEqual(asked, [['b'], undefined])
  assert.deepEqual((await readdir(opened.directory)).sort(), ['b', 'c', 'src'])
  await using file = await opened.open('b')
  assert.equal(await file.readFile('utf8'), 'b')
})
