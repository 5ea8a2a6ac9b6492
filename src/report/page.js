// Two things that style alone cannot do: move the border of a before/after pair, and show a figure at full size.
for (const input of document.querySelectorAll('.pair input')) {
  const move = () => input.closest('.slider').style.setProperty('--at', input.value + '%');
  input.addEventListener('input', move);
  move(); // A browser may restore the handle of an earlier visit.
}

const zoom = document.getElementById('zoom');
const stage = zoom.querySelector('.stage');
const large = zoom.querySelector('img');
const buttons = [...document.querySelectorAll('button.zoom')];
let at = 0;
let actual = false; // a picture larger than the window, at its own size and scrolled

const fit = () => {
  const [w, h] = [large.naturalWidth, large.naturalHeight];
  const room = Math.min((stage.clientWidth - 32) / w, (stage.clientHeight - 32) / h);
  // Whole multiples, so that all blocks of a small picture are equal.
  const scale = actual ? 1 : room >= 1 && large.className ? Math.floor(room) : Math.min(room, 1);
  large.style.width = w * scale + 'px';
  large.style.cursor = room < 1 && !actual ? 'zoom-in' : 'zoom-out';
};
const show = (i) => {
  at = (i + buttons.length) % buttons.length;
  const small = buttons[at].querySelector('img');
  actual = false;
  large.className = small.className;
  large.alt = small.alt;
  large.src = small.src;
  zoom.querySelector('span').textContent = small.alt;
  large.decode().then(fit, fit);
};
buttons.forEach((button, i) => button.addEventListener('click', () => { zoom.showModal(); show(i); }));
large.addEventListener('click', () => {
  if (large.style.cursor === 'zoom-in') { actual = true; fit(); } else { zoom.close(); }
});
stage.addEventListener('click', (event) => { if (event.target === stage) zoom.close(); });
zoom.querySelector('.prev').addEventListener('click', () => show(at - 1));
zoom.querySelector('.next').addEventListener('click', () => show(at + 1));
zoom.querySelector('.close').addEventListener('click', () => zoom.close());
zoom.addEventListener('close', () => buttons[at].scrollIntoView({ block: 'nearest' }));
zoom.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowLeft') show(at - 1);
  if (event.key === 'ArrowRight') show(at + 1);
});
addEventListener('resize', () => { if (zoom.open) fit(); });
