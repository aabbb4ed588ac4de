import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import {
  type FileTree,
  openArchiveContext,
  openDirectoryContext,
  openRootTree,
  type SelectRequest,
} from '../../src/build/context/index.ts'
import { TscomposeError } from '../../src/errors.ts'
import { temporaryDirectory } from '../temporary.ts'

const never = new AbortController().signal

/** A directory of files; `-> x` is a link. */
function directory(t: TestContext, files: Record<string, string>): string {
  const root = temporaryDirectory('context', t)
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name)
    mkdirSync(dirname(path), { recursive: true })
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), path)
    else writeFileSync(path, content)
  }
  return root
}

const context = async (t: TestContext, files: Record<string, string>) =>
  await openDirectoryContext(directory(t, files), 'Dockerfile')

const request = (sources: SelectRequest['sources'], more: Partial<SelectRequest> = {}): SelectRequest => ({
  sources,
  excludes: [],
  parents: false,
  ...more,
})

/** What is selected: each match with the names of what is in it. */
async function names(tree: FileTree, sources: SelectRequest['sources'], more: Partial<SelectRequest> = {}) {
  const { matches } = await tree.select(request(sources, more), never)
  return matches.map(({ name, entries }) => [name, ...entries.map(entry => entry.name).filter(one => one !== '')])
}

const digest = async (tree: FileTree, ...sources: string[]) => (await tree.select(request(sources), never)).digest

const missing = (message: RegExp, fix?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TscomposeError)
  assert.equal(error.code, 'BUILD_SOURCE_MISSING')
  assert.match(error.message, message)
  if (fix) assert.match(error.fix ?? '', fix)
  return true
}

test('a directory is selected with all that is in it, sorted', async t => {
  const tree = await context(t, { 'src/b': '1', 'src/a/x': '2', 'src/c': '-> b', other: '3' })
  assert.deepEqual(await names(tree, ['src']), [['src', 'a', 'a/x', 'b', 'c']])
  const [match] = (await tree.select(request(['.']), never)).matches
  assert.equal(match?.name, '')
})

test('wildcards select files and directories of one level each', async t => {
  const tree = await context(t, { 'a1.txt': '', 'a2.txt': '', 'b.md': '', 'd/a3.txt': '', 'e/a4.txt': '', 'w[x]': '' })
  assert.deepEqual(await names(tree, ['a*.txt', '?.md']), [['a1.txt'], ['a2.txt'], ['b.md']])
  assert.deepEqual(await names(tree, ['*/a[34].txt']), [['a3.txt'], ['a4.txt']])
  assert.deepEqual(await names(tree, ['w[[]x]', 'w\\[x]']), [['w[x]'], ['w[x]']])
  assert.deepEqual(await names(tree, ['nothing*']), [])
  await assert.rejects(names(tree, ['[a']), missing(/syntax error in pattern/))
})

test('.dockerignore leaves files out, and takes some back', async t => {
  const tree = await context(t, {
    '.dockerignore': '# comment\nnode_modules\n**/*.log\ndocs/*\n!docs/README.md\n/build/\n',
    'node_modules/x/y': '',
    'a.log': '',
    'src/b.log': '',
    'src/c.ts': '',
    'docs/a.md': '',
    'docs/README.md': '',
    'build/out': '',
  })
  assert.deepEqual(await names(tree, ['.']), [['', '.dockerignore', 'docs', 'docs/README.md', 'src', 'src/c.ts']])
  await assert.rejects(
    names(tree, ['node_modules']),
    missing(/"\/node_modules": not found/, /\.dockerignore.*node_modules/),
  )
  assert.deepEqual(await names(tree, ['*.log']), [])
})

test('the ignore file of a Dockerfile goes before the common one', async t => {
  const root = directory(t, { '.dockerignore': 'a', 'docker/Dockerfile.dockerignore': 'b', a: '', b: '' })
  const tree = await openDirectoryContext(root, 'docker/Dockerfile')
  assert.deepEqual(await names(tree, ['a']), [['a']])
  await assert.rejects(names(tree, ['b']), missing(/"\/b": not found/))
})

test('what is missing is an error with the nearest name', async t => {
  const tree = await context(t, { 'src/package.json': '' })
  await assert.rejects(names(tree, ['src/pakage.json']), missing(/not found/, /did you mean src\/package\.json\?/))
})

test('links lead nowhere but into the tree', async t => {
  const outside = directory(t, { passwd: 'outside' })
  const tree = await context(t, {
    'inside/passwd': 'inside',
    absolute: '-> /inside/passwd',
    up: '-> ../../../../../../inside',
    out: `-> ${outside}/passwd`,
    loop: '-> loop',
  })
  assert.equal(await digest(tree, 'absolute'), await digest(tree, 'absolute'))
  assert.deepEqual(await names(tree, ['up']), [['up', 'passwd']])
  for (const path of ['out', 'loop', '../../etc/passwd'])
    await assert.rejects(names(tree, [path]), missing(/not found/))
  await assert.rejects(tree.open('out'), missing(/no file/))
  assert.equal(await tree.readText('absolute'), 'inside')
  assert.equal(await tree.readText('out'), undefined)
})

test('the digest follows names, modes and contents, and nothing else', async t => {
  const files = { 'd/a': 'one', 'd/b': 'two', 'd/link': '-> a' }
  const root = directory(t, files)
  const tree = await openDirectoryContext(root, 'Dockerfile')
  const first = await digest(tree, 'd')
  utimesSync(join(root, 'd/a'), 1, 1)
  assert.equal(await digest(tree, 'd'), first)
  assert.equal(await digest(await context(t, files), 'd'), first)
  chmodSync(join(root, 'd/a'), 0o755)
  const executable = await digest(tree, 'd')
  assert.notEqual(executable, first)
  writeFileSync(join(root, 'd/b'), 'tow')
  assert.notEqual(await digest(tree, 'd'), executable)
})

test('fingerprints tell which file has changed', async t => {
  const root = directory(t, { a: '1', b: '1' })
  const tree = await openDirectoryContext(root, 'Dockerfile')
  const before = (await tree.select(request(['.']), never)).fingerprints
  writeFileSync(join(root, 'b'), '2')
  const after = (await tree.select(request(['.']), never)).fingerprints
  assert.deepEqual(
    [...after].filter(([path, print]) => before.get(path) !== print).map(([path]) => path),
    ['b'],
  )
})

test('excludes count from each source', async t => {
  const tree = await context(t, { 'src/a.ts': '', 'src/a.md': '', 'src/d/b.md': '', 'x.md': '' })
  assert.deepEqual(await names(tree, ['src'], { excludes: ['*.md'] }), [['src', 'a.ts', 'd', 'd/b.md']])
  assert.deepEqual(await names(tree, ['src', '*.md'], { excludes: ['**/*.md'] }), [['src', 'a.ts', 'd'], ['x.md']])
})

test('with parents, directories are kept from the base on', async t => {
  const tree = await context(t, { 'p/a/package.json': '', 'p/a/x.ts': '', 'p/b/c/package.json': '', 'q/z': '' })
  const parents = { parents: true }
  const found = await names(tree, [{ path: 'p/**/package.json', base: 'p' }], parents)
  assert.deepEqual(
    found.map(([, ...entries]) => entries),
    [['a', 'a/package.json', 'b', 'b/c', 'b/c/package.json']],
  )
  const plain = await names(tree, ['q/z', 'p/a'], parents)
  assert.deepEqual(
    plain.map(([, ...entries]) => entries),
    [
      ['q', 'q/z'],
      ['p', 'p/a', 'p/a/package.json', 'p/a/x.ts'],
    ],
  )
  await assert.rejects(names(tree, ['q/y'], parents), missing(/not found/))
})

test('the context belongs to root, the tree of an image to its owners', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async t => {
  const root = directory(t, { a: '' })
  execFileSync('chown', ['1000:1001', join(root, 'a')])
  const owners = async (tree: FileTree) =>
    (await tree.select(request(['a']), never)).matches.flatMap(({ entries }) =>
      entries.map(({ uid, gid }) => [uid, gid]),
    )
  assert.deepEqual(await owners(await openDirectoryContext(root, 'Dockerfile')), [[0, 0]])
  assert.deepEqual(await owners(openRootTree(root)), [[1000, 1001]])
})

test('an archive is a context, and its names lead nowhere else', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async t => {
  const root = directory(t, { 'in/Dockerfile': 'FROM scratch', 'in/.dockerignore': 'b', 'in/a': '1', 'in/b': '2' })
  const tar = execFileSync('tar', ['-czf', '-', '--transform', 's:^:../../:', '-P', '-C', join(root, 'in'), '.'])
  const temporary = join(root, 'tmp')
  mkdirSync(temporary)
  const open = async (archive: Buffer) =>
    await openArchiveContext(Readable.from([archive]), 'Dockerfile', temporary, never)
  {
    await using opened = await open(execFileSync('tar', ['-czf', '-', '-C', join(root, 'in'), '.']))
    assert.equal(await opened.readText('Dockerfile'), 'FROM scratch')
    assert.deepEqual(await names(opened, ['.']), [['', '.dockerignore', 'Dockerfile', 'a']])
  }
  assert.deepEqual(execFileSync('ls', ['-A', temporary]).toString(), '')
  await assert.rejects(open(tar), { code: 'BUILD_CONTEXT_INVALID' })
  await assert.rejects(open(Buffer.from('no archive')), { code: 'BUILD_CONTEXT_INVALID' })
  assert.deepEqual(execFileSync('ls', ['-A', temporary]).toString(), '')
})
