// Shows the page anew each half minute, and says so when the monitor does not answer: what it shows is old then.

const EVERY = 30000;

async function renew() {
  const patience = AbortSignal.timeout(10000);
  const answer = await fetch(location.href, { cache: "no-store", signal: patience }).catch(() => null);
  if (answer?.ok) return location.reload();
  document.getElementById("lost").hidden = false;
  document.body.classList.add("lost");
  setTimeout(renew, EVERY);
}

setTimeout(renew, EVERY);
