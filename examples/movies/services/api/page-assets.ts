export const style: string = `:root{color-scheme:dark}*{box-sizing:border-box}body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:#0b0f10;color:#e9efec;font:15px/1.4 system-ui,sans-serif}
header{display:flex;justify-content:space-between;padding:18px 28px;letter-spacing:.28em;font-weight:700}a{color:inherit;text-decoration:none}.who{letter-spacing:0;font-weight:400}.who button{margin-left:8px;padding:2px 9px;border:1px solid #3d5049;border-radius:6px;background:none;color:inherit;font:inherit;font-size:13px;cursor:pointer}
main{flex:1;min-width:0}section{padding:6px 28px 14px}h2{font-size:17px;margin:10px 0}.note{font-weight:400;color:#f0b76b;margin-left:8px}.row{display:flex;gap:12px;overflow-x:auto;padding:4px 0 10px;scrollbar-width:thin;scrollbar-color:#2b3b36 transparent}
.poster{flex:0 0 150px;height:212px;border-radius:8px;padding:14px 12px;display:flex;flex-direction:column;background:radial-gradient(circle at 68% 62%,hsl(40 60% 90%/.2) 0 24%,transparent 25% 31%,hsl(40 60% 90%/.1) 32% 33%,transparent 34%),linear-gradient(160deg,var(--a),var(--b));transition:transform .15s;font-family:Georgia,serif}
.poster:hover,.poster:focus-visible{transform:translateY(-4px)}.poster b{font-size:17px;line-height:1.15}.poster span{font-size:12px;opacity:.85;margin-top:6px}.poster i{margin-top:auto;font:12px system-ui,sans-serif;opacity:.9}
.film{display:flex;gap:28px;padding:20px 28px;flex-wrap:wrap}.big{flex-basis:220px;height:310px}.big b{font-size:26px}.stars{font-size:18px}form button{all:unset;cursor:pointer;font-size:30px;padding:0 3px;color:#6b7773}form button:hover,form button:focus-visible{color:#f0b76b}
blockquote{margin:4px 0;padding-left:12px;border-left:2px solid #2b3b36;font:italic 16px/1.5 Georgia,serif}cite{font:13px system-ui,sans-serif;color:#a9b8b2;margin-left:6px}
footer{position:sticky;bottom:0;display:flex;gap:24px;flex-wrap:wrap;justify-content:space-between;padding:10px 28px;background:#0b0f10ee;border-top:1px solid #22302c;font-size:13px;color:#a9b8b2}@media(prefers-reduced-motion:reduce){.poster{transition:none}}`;

/** Asks who answers each 2 s and keeps count, so that a person sees that nothing fails while instances die. */
export const pulseScript: string = `let ok=0,bad=0,last="";const out=document.getElementById("pulse");
async function beat(){try{const r=await fetch("/api/whoami",{cache:"no-store"});if(!r.ok)throw 0;const w=await r.json();ok++;last=w.instance+" in "+w.zone}catch{bad++}
out.textContent=bad+" failed of "+(ok+bad)+" requests since you opened this page · last answered by "+last}beat();setInterval(beat,2000);`;

export const rateScript: string = `document.getElementById("rate").addEventListener("click",async e=>{const n=Number(e.target.dataset.stars);if(!n)return;e.preventDefault();const f=e.currentTarget,t=document.getElementById("thanks");
try{const r=await fetch("/api/ratings",{method:"POST",headers:{"content-type":"application/json"},body:JSON.stringify({id:crypto.randomUUID(),film:Number(f.dataset.film),stars:n})});
if(!r.ok)throw 0;const a=await r.json();document.getElementById("average").textContent="★ "+a.average.toFixed(1)+" ("+a.count+")";t.textContent="Thank you."}catch{t.textContent="That did not work; please try again."}});`;
