/** Git repositories and OCI artifacts, which docker compose fetches Compose files from. */
const REMOTE_FILE = /^(oci:\/\/|git@|(https?|ssh|git):\/\/.*\.git|github\.com\/)/
export const isRemoteFile = (path: string): boolean => REMOTE_FILE.test(path)
