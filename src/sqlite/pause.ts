const never = new Int32Array(new SharedArrayBuffer(4))

/** Blocks this thread for so many milliseconds. For a start or a worker thread, never for a request. */
export function pause(milliseconds: number): void {
  Atomics.wait(never, 0, 0, milliseconds)
}
