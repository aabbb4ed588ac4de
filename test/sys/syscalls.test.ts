import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { syscalls } from '../../src/sys/syscalls.ts'

const headers = {
  x64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  arm64: '/usr/include/asm-generic/unistd.h',
}

/** `#define __NR_mount 165`; the generic table says `__NR3264_fcntl 25` for what 32-bit machines call fcntl64. */
function numbersIn(header: string): Map<string, number> {
  const defines = readFileSync(header, 'utf8').matchAll(/^#define __NR(?:3264)?_(\w+) (\d+)$/gm)
  return new Map([...defines].map(([, name = '', number]) => [name, Number(number)]))
}

for (const arch of ['x64', 'arm64'] as const) {
  const skip = !existsSync(headers[arch]) && `needs ${headers[arch]}`
  test(`the table has the numbers of the kernel's own header for ${arch}`, { skip }, () => {
    const numbers = numbersIn(headers[arch])
    assert.ok(numbers.size > 200)
    for (const [name, row] of Object.entries(syscalls)) assert.equal(row[arch], numbers.get(name), name)
  })
}
