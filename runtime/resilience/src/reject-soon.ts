type Reject = (error: unknown) => void;

let lastReject: Reject = () => {};
const take = (_resolve: unknown, reject: Reject): void => {
  lastReject = reject;
};
const soon = Promise.resolve();

/**
 * A promise that is rejected a microtask later, when whoever called has had the time to await it: one that is rejected
 * from the start makes Node first note an unhandled rejection and then take it back, which costs half a microsecond.
 */
export function rejectSoon(error: unknown): Promise<never> {
  const promise = new Promise<never>(take);
  const reject = lastReject;
  void soon.then(() => reject(error));
  return promise;
}
