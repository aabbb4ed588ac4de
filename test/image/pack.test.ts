import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { TRAILER } from '../../src/image/pack/tar-encode.ts'
import { type PackOptions, packTree } from '../../src/image/pack/tree.ts'
import { xattrsOf } from '../../src/image/pack/xattrs.ts'
import { linux } from '../../src/sys/kernel.ts'

const setXattr = (path: string, name: string, value: string) =>
  linux.lsetxattr(path, name, Buffer.from(value), value.length, 0)
const root = process.getuid?.() === 0 ? {} : { skip: 'needs root' }

function tree(): { readonly path: string } & Disposable {
  const path = fs.mkdtempSync(join(tmpdir(), 'tscompose-pack-'))
  return { path, [Symbol.dispose]: () => fs.rmSync(path, { recursive: true }) }
}
const pack = (directory: string, name: string, options?: PackOptions): Buffer =>
  Buffer.concat([...Array.from(packTree(directory, name, options), chunk => Buffer.from(chunk)), TRAILER])
const list = (archive: Buffer): string[] =>
  execFileSync('tar', ['-tf', '-'], { input: archive }).toString().split('\n').filter(Boolean)

test('a tree comes out of the archive as it went in', root, () => {
  using from = tree()
  using to = tree()
  const at = (name: string) => join(from.path, name)
  fs.mkdirSync(at('d'), { mode: 0o750 })
  fs.writeFileSync(at('d/big'), Buffer.alloc(700_000, 'abcdefg'))
  fs.linkSync(at('d/big'), at('d/same'))
  fs.writeFileSync(at('set-id'), '')
  fs.chownSync(at('set-id'), 12, 34)
  fs.chmodSync(at('set-id'), 0o6755)
  fs.symlinkSync('/etc/passwd', at('link'))
  fs.writeFileSync(at('holes'), '')
  fs.truncateSync(at('holes'), 300_000)
  execFileSync('mknod', [at('null'), 'c', '1', '3'])
  execFileSync('mkfifo', [at('fifo')])
  setXattr(at('d/big'), 'user.note', 'yes')
  fs.lutimesSync(at('link'), 100, 100)
  const archive = pack(from.path, 'top')
  execFileSync('tar', ['--xattrs', '--same-owner', '-xpf', '-', '-C', to.path], { input: archive })
  const tell = (path: string) =>
    execFileSync('find', ['.', '-printf', '%P %y %m %U:%G %s %Ts %l %n\n'], { cwd: path }).toString().split('\n').sort()
  assert.deepEqual(tell(join(to.path, 'top')).map(noSizes), tell(from.path).map(noSizes))
  execFileSync('diff', ['-r', '--no-dereference', join(from.path, 'd'), join(to.path, 'top/d')])
  assert.deepEqual(xattrsOf(join(to.path, 'top/d/same')), new Map([['user.note', Buffer.from('yes')]]))
  assert.equal(fs.statSync(join(to.path, 'top/null')).rdev, fs.statSync('/dev/null').rdev)
})
/** A directory's size is its file system's affair. */
const noSizes = (line: string) => line.replace(/( d \d+ \d+:\d+) \d+/, '$1')

test('the same tree gives the same bytes, and no younger than it may be', () => {
  using one = tree()
  using two = tree()
  for (const { path } of [one, two])
    for (const name of path === one.path ? ['a', 'b'] : ['b', 'a']) fs.writeFileSync(join(path, name), name)
  assert.notEqual(Math.floor(fs.statSync(join(one.path, 'a')).mtimeMs / 1000), 5)
  assert.deepEqual(pack(one.path, '', { latest: 5 }), pack(two.path, '', { latest: 5 }))
  assert.deepEqual(list(pack(one.path, '')), ['a', 'b'])
  assert.deepEqual(list(pack(one.path, '.')), ['./', './a', './b'])
  assert.deepEqual(list(pack(one.path, 'x', { exclude: path => path === 'x/a' })), ['x/', 'x/b'])
})

test('the marks of an upper directory become whiteouts', root, () => {
  using upper = tree()
  const at = (name: string) => join(upper.path, name)
  fs.mkdirSync(at('dir/new'), { recursive: true })
  execFileSync('mknod', [at('dir/gone'), 'c', '0', '0'])
  setXattr(at('dir/new'), 'trusted.overlay.opaque', 'y')
  const archive = pack(upper.path, '', { layer: true })
  assert.deepEqual(list(archive), ['dir/', 'dir/.wh.gone', 'dir/new/', 'dir/new/.wh..wh..opq'])
  assert.ok(!archive.includes('trusted.overlay'))
})

test('the working directory is the old one afterwards, also when nobody reads to the end', () => {
  using from = tree()
  fs.mkdirSync(join(from.path, 'a/b/c'), { recursive: true })
  fs.writeFileSync(join(from.path, 'a/b/c/big'), Buffer.alloc(2_000_000))
  const before = process.cwd()
  const descriptors = fs.readdirSync('/proc/self/fd').length
  const chunks = packTree(from.path, 'x')
  chunks.next()
  assert.notEqual(fs.readlinkSync('/proc/self/cwd'), before)
  chunks.return()
  assert.equal(fs.readlinkSync('/proc/self/cwd'), before)
  assert.equal(fs.readdirSync('/proc/self/fd').length, descriptors)
})
