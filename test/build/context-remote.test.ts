import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isRemoteContext, openGitContext, openRemoteContext } from '../../src/build/context/index.ts'
import { readGitReference } from '../../src/build/dockerfile/git-reference.ts'
import { temporaryDirectory } from '../temporary.ts'

const never = new AbortController().signal
const skip = process.getuid?.() !== 0 && 'needs root'

function temporary(t: TestContext): string {
  const path = temporaryDirectory('remote', t)
  return path
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A repository with two commits, a tag and a branch, served by git itself. */
async function gitServer(t: TestContext, directory: string) {
  const repository = join(directory, 'project')
  mkdirSync(join(repository, 'sub'), { recursive: true })
  const identity = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b',
  }
  const env = { PATH: process.env.PATH, HOME: directory, ...identity }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repository, env }).toString().trim()
  git('init', '--quiet', '--initial-branch=main')
  const commit = (text: string) => {
    writeFileSync(join(repository, 'Dockerfile'), text)
    git('add', '-A')
    git('commit', '--quiet', '-m', text)
    return git('rev-parse', 'HEAD')
  }
  writeFileSync(join(repository, 'sub/Dockerfile'), 'in sub')
  symlinkSync('/etc', join(repository, 'outside'))
  const first = commit('first')
  git('tag', 'v1')
  git('branch', 'old')
  const second = commit('second')
  const port = await freePort()
  const args = [
    'daemon',
    '--export-all',
    `--base-path=${directory}`,
    '--listen=127.0.0.1',
    `--port=${port}`,
    '--verbose',
  ]
  const daemon = spawn('git', args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  t.after(() => {
    if (daemon.pid) process.kill(-daemon.pid)
  })
  await once(daemon.stderr, 'data') // "Ready to rumble"
  return { url: `git://127.0.0.1:${port}/project`, first, second }
}

test('a git context is a branch, a tag or a commit, or a directory of it', async t => {
  const directory = temporary(t)
  const { url, first, second } = await gitServer(t, directory)
  const own = join(directory, 'own')
  const text = async (address: string) => {
    await using context = await openRemoteContext(address, 'Dockerfile', own, never)
    assert.equal(await context.readText('.git/HEAD'), undefined)
    return [await context.readText('Dockerfile'), context.commit]
  }
  assert.deepEqual(await text(url), ['second', second])
  assert.deepEqual(await text(`${url}#v1`), ['first', first])
  assert.deepEqual(await text(`${url}#old`), ['first', first])
  assert.deepEqual(await text(`${url}#${first}`), ['first', first])
  assert.deepEqual(await text(`${url}#${first.slice(0, 10)}`), ['first', first])
  assert.deepEqual(await text(`${url}#main:sub`), ['in sub', second])
  assert.deepEqual(await text(`${url}?branch=old&subdir=sub`), ['in sub', first])
  assert.deepEqual(readdirSync(own), [])

  const fails = async (address: string, code: string) => await assert.rejects(text(address), { code })
  await fails(`${url}#nothing`, 'BUILD_REMOTE_FAILED')
  await fails(`${url}#main:nothing`, 'BUILD_REMOTE_FAILED')
  await fails(`${url}#main:outside`, 'BUILD_REMOTE_FAILED')
  await fails(`${url}?checksum=${'0'.repeat(40)}`, 'BUILD_CHECKSUM_MISMATCH')
  await fails(`${url}-missing`, 'BUILD_REMOTE_FAILED')
  assert.deepEqual(readdirSync(own), [])

  const reference = readGitReference(url)
  assert.ok(reference)
  await using kept = await openGitContext({ ...reference, keepGitDir: true }, 'Dockerfile', own, never)
  assert.match((await kept.readText('.git/HEAD')) ?? '', /^[0-9a-f]{40}\n$/)
})

test('a URL is an archive or a lone Dockerfile', { skip }, async t => {
  const directory = temporary(t)
  mkdirSync(join(directory, 'in'))
  writeFileSync(join(directory, 'in/Dockerfile'), 'FROM archive')
  const archive = execFileSync('tar', ['-czf', '-', '-C', join(directory, 'in'), '.'])
  const server = createServer((request, response) => {
    if (request.url === '/context.tar.gz') response.end(archive)
    else if (request.url === '/Dockerfile') response.end('FROM lone')
    else response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const own = join(directory, 'own')
  for (const [path, expected] of [
    ['context.tar.gz', 'FROM archive'],
    ['Dockerfile', 'FROM lone'],
  ]) {
    await using context = await openRemoteContext(`${base}/${path}`, 'Dockerfile', own, never)
    assert.equal(await context.readText('Dockerfile'), expected)
  }
  await assert.rejects(openRemoteContext(`${base}/x`, 'Dockerfile', own, never), { code: 'BUILD_REMOTE_FAILED' })
  assert.deepEqual(readdirSync(own), [])
})

test('what is fetched, and what is a path', () => {
  const remote = [
    'https://h/x.tar',
    'git@h:me/repo',
    'ssh://git@h/repo',
    'github.com/me/repo',
    'https://h/repo.git#v1:d',
  ]
  assert.deepEqual(remote.filter(isRemoteContext), remote)
  assert.deepEqual(['.', '../x', '/a/b.git', 'dir', 'C:/x', 'ext::sh -c id'].filter(isRemoteContext), [])
})

test('a git reference takes its parts from behind # or ?, and does not take contradictions', () => {
  const plain = { remote: 'https://h/r.git', submodules: true }
  assert.deepEqual(readGitReference('https://h/r.git#a/b:c:d'), { ...plain, ref: 'a/b', subdir: 'c:d' })
  assert.deepEqual(readGitReference('https://h/r.git?tag=v1&keep-git-dir=1&submodules=0'), {
    ...plain,
    submodules: false,
    ref: 'refs/tags/v1',
    keepGitDir: true,
  })
  assert.throws(() => readGitReference('https://h/r.git?ref=a#b'), /ref conflicts/)
  assert.throws(() => readGitReference('https://h/r.git?reff=a'), /unexpected query/)
})
