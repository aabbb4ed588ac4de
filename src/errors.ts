import { printable } from './printable.ts'

/**
 * Every error code of the program with what it means. docs/errors/ has a section for each row, which a test checks.
 * Rows are grouped by layer; a code starts with the name of the layer that throws it.
 */
export const errorCodes = {
  // sys
  SYS_LIBRARY_MISSING: 'a system library the program needs cannot be loaded',

  // runtime
  RUNTIME_LAUNCH_FAILED: 'a container or a process in it could not be launched; the message names the step',
  RUNTIME_COMMAND_NOT_FOUND: 'the program to run does not exist in the container',
  RUNTIME_COMMAND_NOT_EXECUTABLE: 'the program to run exists in the container, but may not be executed',
  RUNTIME_CGROUPS_MISSING: 'the machine has no cgroups mounted',
  RUNTIME_MONITOR_LOST: 'the monitor of a process has gone without telling how the process ended',
  RUNTIME_MONITOR_MISSING: 'the native part of the program has not been built',
  RUNTIME_RECORD_INVALID: 'what a monitor wrote down is not what a monitor writes',
  RUNTIME_LIMIT_REFUSED: 'the kernel refuses the value of a limit',
  RUNTIME_MOUNT_INVALID: 'a mount whose source does not exist, or whose destination cannot be mounted on',
  RUNTIME_SEED_FAILED: 'a new volume could not be filled from the image',
  RUNTIME_SYSCTL_REFUSED: 'a sysctl that would change the machine and not only the container',
  RUNTIME_SECCOMP_INVALID: 'a seccomp profile has a word that is not of the format',
  RUNTIME_USER_NAMESPACE_FAILED: 'the machine does not let a user namespace be made',
  RUNTIME_USER_UNKNOWN: 'a user or group that the container does not know',
  RUNTIME_VIEW_FAILED: 'the files of a container cannot be made visible; the message names the step',
  // engine
  ENGINE_APPARMOR_FAILED: 'the AppArmor profile of containers cannot be loaded',
  ENGINE_CDI_DEVICE_BROKEN: 'the machine lacks what the specification of a device says it needs',
  ENGINE_CDI_DEVICE_UNKNOWN: 'no specification on this machine describes the device',
  ENGINE_CDI_SPEC_INVALID: 'a specification of devices is not what it should be',
  ENGINE_CONFIG_INVALID: 'the engine configuration file is not what it should be',
  ENGINE_CONTAINER_NAME_TAKEN: 'another container has the name',
  ENGINE_CONTAINER_NOT_FOUND: 'there is no such container',
  ENGINE_CONTAINER_NOT_RUNNING: 'the operation needs a running container',
  ENGINE_CONTAINER_STATE: 'the operation does not go with the state the container is in',
  ENGINE_DATA_LOCKED: 'another engine works on the same data root',
  ENGINE_EXEC_NOT_FOUND: 'there is no such exec instance',
  ENGINE_EXEC_STATE: 'the exec instance has been started already',
  ENGINE_FILE_NOT_FOUND: 'a container has no file or directory of that path',
  ENGINE_FILES_FAILED: 'the kernel refuses what copying files to or from a container needs',
  ENGINE_FILES_READONLY: 'files cannot be copied to where a container may not write',
  ENGINE_ID_AMBIGUOUS: 'several ids begin with the given prefix',
  ENGINE_IMAGE_IN_USE: 'a container uses the image',
  ENGINE_IMAGE_NOT_FOUND: 'there is no such image',
  ENGINE_NETWORK_EXISTS: 'another network has the name',
  ENGINE_NETWORK_IN_USE: 'containers are connected to the network',
  ENGINE_NETWORK_NOT_FOUND: 'there is no such network',
  ENGINE_NETWORK_PREDEFINED: 'the operation does not go with a predefined network',
  ENGINE_NOT_SUPPORTED: 'Docker can do this, tscompose cannot yet',
  ENGINE_PLUGIN_NOT_FOUND: 'there are no plugins',
  ENGINE_REQUEST_INVALID: 'a parameter of the request is not what it should be',
  ENGINE_SWARM_INACTIVE: 'the operation needs a swarm, and tscompose has none',
  ENGINE_VOLUME_EXISTS: 'a volume of that name exists with other properties',
  ENGINE_VOLUME_IN_USE: 'a container uses the volume',
  ENGINE_VOLUME_MOUNT_FAILED: 'the file system that the options of a volume name cannot be mounted',
  ENGINE_VOLUME_NOT_FOUND: 'there is no such volume',
  OFFLINE: 'somebody outside this machine would have to be asked, and nobody may be',

  // engine service
  ENGINE_ANSWER_INVALID: 'what answers at the socket does not speak as an engine does',
  ENGINE_API_VERSION: 'the client speaks a version of the API that the engine does not',
  ENGINE_DISK_FULL: 'the disk of the data root has no space or no inode left',
  ENGINE_DISK_READ_ONLY: 'the disk of the data root cannot be written to',
  ENGINE_ENDPOINT_NOT_FOUND: 'the API has no such endpoint',
  ENGINE_FAILED: 'the engine met an error that has no code of its own',
  ENGINE_FILES_EXHAUSTED: 'the engine has as many files and connections open as it may',
  ENGINE_MEMORY_EXHAUSTED: 'the machine has no memory left for what was asked',
  ENGINE_NEEDS_ROOT: 'the engine can be started by root only, for now',
  ENGINE_PROCESSES_EXHAUSTED: 'the engine, or the machine, has as many processes as it may',
  ENGINE_SERVICE_FAILED: 'systemd cannot be had to start the engine with the machine',
  ENGINE_START_FAILED: 'the process of the engine ended before it was ready',
  ENGINE_STOPPED: 'somebody stopped the engine while a command watched what goes on',
  ENGINE_STREAM_FAILED: 'the engine had to end a stream early; the message is its reason',
  ENGINE_STREAM_INVALID: 'bytes that are no frames of the stream format, or an unfinished one',
  ENGINE_UNREACHABLE: 'no engine answers at the socket, or it went away',
  // cli
  CLI_FLAG: 'a flag or an argument of the command line is not what it should be',
  // compose
  COMPOSE_CAST_FAILED: 'an interpolated text is not of the type the attribute needs',
  COMPOSE_CONFLICT: 'two attributes or services contradict each other',
  COMPOSE_DEPENDENCY_CYCLE: 'services depend on each other in a circle',
  COMPOSE_ENV_FILE_INVALID: 'an env file has a line that is not of the format',
  COMPOSE_ENV_FILE_NOT_FOUND: 'an env file or label file does not exist',
  COMPOSE_EXTENDS_INVALID: 'extends names a service or a file that cannot be extended',
  COMPOSE_FILE_EMPTY: 'the Compose file has nothing in it',
  COMPOSE_FILE_NOT_FOUND: 'no Compose file was found, or one that was named does not exist',
  COMPOSE_FILE_UNREADABLE: 'a file cannot be read',
  COMPOSE_INCLUDE_INVALID: 'an entry of include cannot be followed',
  COMPOSE_KEY_DUPLICATE: 'a key stands twice in one mapping',
  COMPOSE_KEY_INVALID: 'a key is not a text, or not of the allowed form',
  COMPOSE_KEY_UNKNOWN: 'a key the Compose specification does not define',
  COMPOSE_MERGE_CONFLICT: 'an override has another shape than the value it overrides',
  COMPOSE_PROJECT_NAME: 'the project has no valid name',
  COMPOSE_PUBLISH_REFUSED: 'a project has what cannot, or should not, be published',
  COMPOSE_REFERENCE_UNDEFINED: 'a service refers to something that no file defines',
  COMPOSE_REMOTE_INVALID: 'what a Compose file was to be fetched from has none, or may not be asked for it',
  COMPOSE_SERVICE_UNKNOWN: 'there is no service of that name',
  COMPOSE_TEMPLATE_INVALID: 'a variable reference is not of the format',
  COMPOSE_TYPE_WRONG: 'a value is of another type or form than the attribute needs',
  COMPOSE_VALUE_INVALID: 'a value is not one the attribute can have',
  COMPOSE_VARIABLE_REQUIRED: 'a variable that a file requires is not set',
  COMPOSE_YAML_LIMIT: 'a Compose file is too large, too deep or expands too far',
  COMPOSE_YAML_SYNTAX: 'a Compose file is not valid YAML',
  // network
  NETWORK_ADDRESS_INVALID: 'not an IP address',
  NETWORK_ADDRESS_OUTSIDE: 'a fixed address that its network does not have',
  NETWORK_ADDRESS_TAKEN: 'a fixed address that another container has',
  NETWORK_BRIDGE_NAME_TAKEN: 'a network device of that name exists already',
  NETWORK_FIREWALL_FAILED: 'the kernel or libnftables refused firewall rules',
  NETWORK_HOST_ADDRESS_UNKNOWN: 'a port is to be published on an address this machine does not have',
  NETWORK_IN_USE: 'a network with containers on it cannot be removed',
  NETWORK_LOCKED: 'another engine holds the lock on the network settings of the machine',
  NETWORK_NOT_FOUND: 'no network or sandbox of that id',
  NETWORK_NOT_SUPPORTED: 'something the network layer cannot do yet',
  NETWORK_OPTION_INVALID: 'an option of a network does not have a value that it can have',
  NETWORK_PARENT_UNKNOWN: 'the device that a macvlan or ipvlan network is to stand on does not exist',
  NETWORK_POOL_EXHAUSTED: 'no address or no subnet is left to give',
  NETWORK_PORT_FORBIDDEN: 'the user may not publish that port',
  NETWORK_PORT_TAKEN: 'a port to be published is in use already',
  NETWORK_SETUP_FAILED: 'the kernel refused to set up a network device, address or route',
  NETWORK_SUBNET_INVALID: 'not a subnet in CIDR notation, or a gateway or range that is not within it',
  NETWORK_SUBNET_OVERLAPS: 'a subnet overlaps one that the machine or another network has',
  NETWORK_SYSCTL_INVALID: 'a sysctl that does not exist or does not take that value',
  // compose: plan and apply
  COMPOSE_DEPENDENCY_DISABLED: 'a service depends on one that the active profiles leave out',
  COMPOSE_ENGINE_GONE: 'the engine ended while a command was waiting for something to happen',
  COMPOSE_HOOK_FAILED: 'a post_start or pre_stop command ended with an error',
  COMPOSE_IMAGE_MISSING: 'a service needs an image that is not here and may not or cannot be fetched',
  COMPOSE_NETWORK_MISSING: 'a network declared as external does not exist',
  COMPOSE_NO_CONTAINER: 'the service or project has no container the command could act on',
  COMPOSE_PROVIDER_FAILED: 'the program that provides a service is not there, or says that it failed',
  COMPOSE_NOT_SUPPORTED: 'the Compose specification defines it, tscompose cannot do it yet',
  COMPOSE_SERVICE_CRASH_LOOP: 'a container ends again and again, as often as its restart policy starts it',
  COMPOSE_SERVICE_EXITED: 'a container ended instead of running, or with another exit code than 0',
  COMPOSE_SERVICE_NO_HEALTHCHECK: 'a service waits for another one to be healthy that has no healthcheck',
  COMPOSE_SERVICE_OUT_OF_MEMORY: 'the kernel killed a container for want of memory',
  COMPOSE_SERVICE_UNHEALTHY: 'the probes of a container failed',
  COMPOSE_SCALE: 'a service cannot have that many containers',
  COMPOSE_SECRET_UNAVAILABLE: 'the contents of a secret or a config cannot be had',
  COMPOSE_WATCH_FAILED: 'a file or directory cannot be watched',
  COMPOSE_WATCH_LOCKED: 'another command watches the project already',
  COMPOSE_WATCH_NOTHING: 'no service has anything to watch',
  COMPOSE_VOLUME_MISSING: 'a volume declared as external does not exist',
  COMPOSE_WAIT_TIMEOUT: 'the services were not running and healthy within the time given',
  // build: the Dockerfile and the context
  BUILD_DOCKERFILE_INVALID: 'a Dockerfile has a line that is not of the language',
  BUILD_TARGET_UNKNOWN: 'the Dockerfile has no stage of the name that is to be built',
  BUILD_CHECK_FAILED: 'a Dockerfile that asks for it (check=error=true) has warnings',
  BUILD_CONTEXT_INVALID: 'the build context cannot be read, or is not what it is said to be',
  BUILD_SOURCE_MISSING: 'a file that is to be copied does not exist in the context, stage or image',
  BUILD_REMOTE_FAILED: 'a git repository or a URL cannot be fetched',
  BUILD_CHECKSUM_MISMATCH: 'what was fetched does not have the checksum that the Dockerfile demands',
  // build: the solver
  BUILD_BASE_INVALID: 'a stage cannot be based on that',
  BUILD_ANNOTATION_INVALID: 'an annotation of an image that cannot be made',
  BUILD_CACHE_INVALID: 'a place to take the build cache from, or to leave it at, is not written as it should be',
  BUILD_CONTEXT_UNKNOWN: 'a Dockerfile refers to a build context that was not given',
  BUILD_COPY_CONFLICT: 'something is in the way of what COPY or ADD copies',
  BUILD_ENTITLEMENT_MISSING: 'a step asks for something that has to be allowed for the build',
  BUILD_FILE_UNREADABLE: 'the Dockerfile of a build cannot be read',
  BUILD_PLATFORM_INVALID: 'not the name of a platform that can be built for',
  BUILD_SECRET_MISSING: 'a step requires a secret or an SSH agent that was not given',
  BUILD_STEP_FAILED: 'the program of a RUN instruction ended with an error',
  BUILD_SOURCE_UNREACHABLE: 'a URL that ADD names cannot be downloaded',
  BUILD_SOURCE_CHANGED: 'a file of the build context was changed while it was copied',
  // image
  IMAGE_REFERENCE_INVALID: 'the name of an image is not of the form REGISTRY/NAME:TAG or REGISTRY/NAME@DIGEST',
  IMAGE_NOT_FOUND: 'there is no such image in the store',
  IMAGE_CONFLICT: 'an image that cannot be removed without force, or a name that cannot be given to it',
  IMAGE_ROOTFS_MISSING: 'the directory of a rootfs: image does not exist',
  IMAGE_CONFIG_INVALID: 'the configuration of an image is not as the OCI image specification has it',
  IMAGE_MANIFEST_INVALID:
    'the manifest of an image is not as the OCI image specification has it, or of a kind not supported',
  IMAGE_PLATFORM_MISSING: 'an image is not made for the platform asked for',
  IMAGE_DIGEST_MISMATCH: 'content does not have the digest or the size it was announced with',
  IMAGE_ARCHIVE_INVALID: 'an archive is neither one of docker save nor an OCI image layout, or is damaged',
  IMAGE_LAYER_INVALID: 'the archive of a layer is damaged, or reaches out of its directory',
  IMAGE_LAYER_TOO_LARGE: 'a layer expands to far more than its compressed size can be good for',
  IMAGE_UNPACK_FAILED: 'the kernel refuses what unpacking a layer needs: no space, a name too long',
  IMAGE_STORE_INVALID: 'the state of the image store on disk cannot be read',
  REGISTRY_UNREACHABLE: 'no connection to a registry, or it broke again and again',
  REGISTRY_UNAUTHORIZED: 'a registry wants a login, or refuses the one it got',
  REGISTRY_LOGIN_REFUSED: 'a registry does not accept a user and password',
  REGISTRY_NOT_FOUND: 'a registry has no such repository, tag or digest',
  REGISTRY_RATE_LIMITED: 'a registry refuses further requests for a time',
  REGISTRY_ERROR: 'a registry answers with an error, or not as the distribution specification has it',
  REGISTRY_SEARCH_MISSING: 'a registry that cannot be searched',
  REGISTRY_CREDENTIALS_INVALID: 'the stored logins for registries cannot be read',
} as const

export type ErrorCode = keyof typeof errorCodes

/** A place in a file the user wrote; 1-based, as editors count. */
export interface Where {
  readonly file: string
  readonly line: number
  readonly col: number
  /** The text of that line, to show beneath the message. */
  readonly source?: string
}

export interface More {
  readonly where?: Where
  /** What the user can do about it: one sentence. */
  readonly fix?: string
  readonly cause?: unknown
}

/** The one error family: a stable code, what failed, where, and what to do. */
export class TscomposeError extends Error {
  override readonly name = 'TscomposeError'
  readonly code: ErrorCode
  readonly where: Where | undefined
  readonly fix: string | undefined

  constructor(code: ErrorCode, message: string, { where, fix, cause }: More = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.where = where
    this.fix = fix
  }
}

/** `compose.yaml:7:5: unknown key "prots" [COMPOSE_KEY_UNKNOWN]`, the line itself with a caret, and what to do. */
export function renderError({ code, message, where, fix }: TscomposeError): string {
  const lines = [`${where ? `${where.file}:${where.line}:${where.col}: ` : ''}${message} [${code}]`]
  if (where?.source?.trim()) lines.push(`  ${where.source}`, `  ${' '.repeat(where.col - 1)}^`)
  if (fix) lines.push(`  ${fix}`)
  return printable(lines.join('\n'))
}

/** The text of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
