// What style alone cannot do: move the border of a before/after pair, show a picture large, sort a table, tell the
// numbers of a curve, copy a command.
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

// The picture of a button: its own, or for a label of a pair the one that it names.
const source = (button) => button.querySelector('img') ??
  button.closest('.pair').querySelector(button.classList.contains('left') ? 'img + img' : 'img');
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
  const small = source(buttons[at]);
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

// A click on a head sorts by its column, upwards first; what has no number stays below.
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
    const sign = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', sign > 0 ? 'ascending' : 'descending');
    const number = (row) => row.cells[column].dataset.v === undefined ? NaN : Number(row.cells[column].dataset.v);
    const order = (a, b) => {
      if (column === 0) return sign * a.cells[0].textContent.localeCompare(b.cells[0].textContent, 'en');
      const [x, y] = [number(a), number(b)];
      return Number.isNaN(x) || Number.isNaN(y) ? Number.isNaN(x) - Number.isNaN(y) : sign * (x - y);
    };
    body.append(...[...body.rows].sort(order));
  }));
}

for (const plot of document.querySelectorAll('.plot')) {
  const points = JSON.parse(plot.dataset.points); // [left %, top %, x, y]
  const [mark, told] = [plot.querySelector('.mark'), plot.querySelector('.told')];
  let i = points.length - 1;
  const tell = (next) => {
    if (!points.length) return;
    i = Math.max(0, Math.min(points.length - 1, next));
    const [left, top, x, y] = points[i];
    mark.style.left = left + '%';
    mark.style.top = top + '%';
    told.textContent = `${plot.dataset.x} ${x.toLocaleString('en')}: ${plot.dataset.y} ${y.toPrecision(3)}`;
    mark.hidden = told.hidden = false;
  };
  const hide = () => { mark.hidden = told.hidden = true; };
  plot.addEventListener('pointermove', (event) => {
    const box = plot.getBoundingClientRect();
    const wanted = 100 * (event.clientX - box.left) / box.width;
    const distance = (point) => Math.abs(point[0] - wanted);
    tell(points.reduce((best, point, j) => distance(point) < distance(points[best]) ? j : best, 0));
  });
  plot.addEventListener('pointerleave', hide);
  plot.addEventListener('focus', () => tell(i));
  plot.addEventListener('blur', hide);
  plot.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) { event.preventDefault(); tell(i + step); }
  });
}

for (const button of document.querySelectorAll('.copy')) {
  const text = button.previousElementSibling;
  button.addEventListener('click', async () => {
    getSelection().selectAllChildren(text); // What is left to do by hand where copying is forbidden.
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    } catch { button.textContent = 'Selected'; }
  });
}
