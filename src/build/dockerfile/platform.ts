/** An operating system and a processor, with the names of the OCI image specification. */
interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant: string
}

const architectures: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  aarch64: ['arm64'],
  armel: ['arm', 'v6'],
  armhf: ['arm', 'v7'],
  i386: ['386'],
  'x86-64': ['amd64'],
  x86_64: ['amd64'],
}

const systems = ['darwin', 'freebsd', 'linux', 'macos', 'windows']
const known = ['386', 'amd64', 'arm', 'arm64', 'loong64', 'mips64le', 'ppc64le', 'riscv64', 's390x']
const machine: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/**
 * Reads `linux/arm64/v8` and the like, also with other names for an architecture, and a system or an architecture alone.
 * @returns undefined if it is nothing of the sort
 */
export function readPlatform(text: string): Platform | undefined {
  const parts = text.toLowerCase().split('/')
  const [only = ''] = parts
  if (parts.length === 1) {
    if (systems.includes(only)) parts.push(machine[process.arch] ?? process.arch)
    else if (known.includes(only) || Object.hasOwn(architectures, only)) parts.unshift('linux')
  }
  const [os = '', architecture = '', variant = '', ...more] = parts
  if (!/^\w+$/.test(os) || !/^[\w-]+$/.test(architecture) || more.length > 0) return undefined
  const [name, usual] = architectures[architecture] ?? [architecture]
  return { os: os === 'macos' ? 'darwin' : os, architecture: name, variant: shownVariant(name, variant || usual) }
}

/** The variant that every processor of the architecture has goes without saying, but for arm. */
function shownVariant(architecture: string, variant = ''): string {
  const short = variant.replace(/^v?(?=\d)/, 'v')
  if (architecture === 'arm64' && short === 'v8') return ''
  if (architecture === 'amd64' && short === 'v1') return ''
  return architecture === 'arm' ? short || 'v7' : short
}

/** `linux/arm64`, as variables and messages have it. */
export const platformText = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter(part => part).join('/')

/** BUILDPLATFORM, BUILDOS and so on; prefix is BUILD or TARGET. */
export function platformVariables(prefix: 'BUILD' | 'TARGET', text: string): readonly (readonly [string, string])[] {
  const platform = readPlatform(text) ?? { os: text, architecture: '', variant: '' }
  return [
    [`${prefix}PLATFORM`, platformText(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}OSVERSION`, ''],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant],
  ]
}
