/** One page for both programs: a quote of this one, and the notes of the other. */
export function page(quote, pid) {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Quotes and notes</title><link rel="icon" href="data:,"><style>
body{margin:0 auto;max-width:44rem;padding:3rem 1.5rem;font:16px/1.5 system-ui,sans-serif;color:#1d2b27;background:#f6f8f6}
blockquote{margin:0 0 2rem;font:26px/1.35 Georgia,serif}cite{display:block;margin-top:.6rem;font:15px system-ui,sans-serif;color:#4d635b}
form{display:flex;gap:.5rem}input{flex:1;padding:.6rem;font:inherit;border:1px solid #9db1a8;border-radius:6px}
button{padding:.6rem 1rem;font:inherit;border:0;border-radius:6px;background:#14594a;color:#fff;cursor:pointer}
li{margin:.3rem 0}footer{margin-top:3rem;font-size:14px;color:#4d635b}</style></head><body>
<blockquote>${escape(quote.text)}<cite>${escape(quote.source)}</cite></blockquote>
<h1 style="font-size:18px">Notes</h1><form id="form"><input id="text" aria-label="A note" placeholder="A note" required><button>Keep</button></form>
<ul id="list"></ul><p id="problem" role="status"></p>
<footer>quotes: process ${pid} · notes: an Express program behind the same edge. Reload, and another process answers.</footer>
<script>const list=document.getElementById("list"),problem=document.getElementById("problem");
async function show(){const r=await fetch("/notes");const notes=await r.json();list.replaceChildren(...notes.map(n=>Object.assign(document.createElement("li"),{textContent:n.text})))}
document.getElementById("form").addEventListener("submit",async e=>{e.preventDefault();const text=document.getElementById("text");
const r=await fetch("/notes",{method:"POST",headers:{"content-type":"application/json"},body:JSON.stringify({text:text.value})});
problem.textContent=r.ok?"":"That did not work; please try again.";if(r.ok){text.value="";await show()}});show();</script></body></html>`;
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
