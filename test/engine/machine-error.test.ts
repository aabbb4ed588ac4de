import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isShortage, machineError } from '../../src/engine/machine-error.ts'
import { TscomposeError } from '../../src/errors.ts'
import { linux, SystemError } from '../../src/sys/kernel.ts'
import { temporaryDirectory } from '../temporary.ts'

const ENOSPC = 28
const MS_RDONLY = 1

test('what a launch failed of for want of room or processes is a shortage, what is wrong with the container is none', () => {
  const failed = (errno: number, syscall = 'mount') =>
    new TscomposeError('RUNTIME_LAUNCH_FAILED', 'a step', { cause: new SystemError(syscall, errno) })
  assert.ok(isShortage(failed(ENOSPC)))
  assert.ok(isShortage(failed(11, 'clone3')))
  assert.ok(!isShortage(failed(2, 'execve')))
  assert.ok(!isShortage(new TscomposeError('IMAGE_NOT_FOUND', 'no such image')))
})

test('directories that cannot be made on a read-only disk are told as that', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, t => {
  const directory = temporaryDirectory('machine-error', t)
  linux.mount('none', directory, 'tmpfs', MS_RDONLY, '')
  using _ = { [Symbol.dispose]: () => linux.umount2(directory, 0) }
  assert.throws(
    () => mkdirSync(join(directory, 'a/b'), { recursive: true }),
    error => machineError(error)?.code === 'ENGINE_DISK_READ_ONLY',
  )
  assert.throws(
    () => mkdirSync('/proc/self/none'),
    error => machineError(error) === undefined,
  )
})
