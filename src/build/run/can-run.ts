import { readFileSync } from 'node:fs'
import { TscomposeError, type Where } from '../../errors.ts'
import type { Platform } from '../../image/image.ts'
import { hostPlatform, isPlatform, platformName } from '../../image/platform.ts'

/** What QEMU calls an architecture, and with it the entry in binfmt_misc. */
const emulated: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  386: 'i386',
  loong64: 'loongarch64',
  mips64le: 'mips64el',
}

/**
 * Sees to it that the machine can run programs of a platform: its own, or one that an interpreter is registered for
 * (binfmt_misc, Linux admin guide).
 * @throws TscomposeError BUILD_PLATFORM_INVALID
 */
export function checkCanRun(platform: Platform, where: Where): void {
  const { architecture } = platform
  const isOwn =
    isPlatform(hostPlatform, { ...platform, os: hostPlatform.os }) || architecture === hostPlatform.architecture
  if (isOwn || (architecture === '386' && hostPlatform.architecture === 'amd64')) return
  if (isRegistered(`qemu-${emulated[architecture] ?? architecture}`)) return
  throw new TscomposeError(
    'BUILD_PLATFORM_INVALID',
    `this machine cannot run programs for ${platformName(platform)}: no emulator for them is registered (binfmt_misc)`,
    {
      where,
      fix:
        'Install the Debian packages qemu-user-static and binfmt-support; or RUN in a stage FROM --platform=$BUILDPLATFORM ' +
        'and only copy into that for the other platform.',
    },
  )
}

/** With the flag F the kernel has opened the interpreter itself, which is not there in the root of a container. */
function isRegistered(name: string): boolean {
  try {
    return /^enabled$.*^flags:.*F/ms.test(readFileSync(`/proc/sys/fs/binfmt_misc/${name}`, 'utf8'))
  } catch {
    return false
  }
}
