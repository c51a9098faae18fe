//! A hook that writes down what it hears and answers what the test told it to.

use std::cell::{Cell, RefCell};

use wavetank_probe::{Coverage, Details, Hook, Probability, Published, Site};

/// One call of a hook; sites by name, or by number if they have none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Hit(String, bool),
    Violated(String, String),
    Asked(String, Option<Probability>),
    Chose(String, usize),
    Published(String, String),
}

pub(crate) struct Recorder {
    pub(crate) heard: RefCell<Vec<Heard>>,
    pub(crate) coverage: RefCell<Coverage>,
    pub(crate) fires: Cell<bool>,
    pub(crate) choice: Cell<usize>,
    pub(crate) reads: Cell<bool>,
}

impl Recorder {
    /// A hook lives as long as the program; a test's few are leaked.
    pub(crate) fn leak() -> &'static Recorder {
        Box::leak(Box::new(Recorder {
            heard: RefCell::default(),
            coverage: RefCell::new(Coverage::new()),
            fires: Cell::default(),
            choice: Cell::default(),
            reads: Cell::default(),
        }))
    }

    fn write(&self, heard: Heard) {
        self.heard.borrow_mut().push(heard);
    }
}

fn name(site: &'static Site) -> String {
    site.ordinal().map_or_else(|| site.name().expect("it has a name or a number").to_owned(), |n| format!("#{n}"))
}

impl Hook for Recorder {
    fn hit(&self, site: &'static Site, condition: bool) {
        self.coverage.borrow_mut().record(site, condition);
        self.write(Heard::Hit(name(site), condition));
    }

    fn violated(&self, site: &'static Site, details: &Details<'_>) {
        self.write(Heard::Violated(name(site), details.to_string()));
    }

    fn buggify(&self, site: &'static Site, probability: Option<Probability>) -> bool {
        self.write(Heard::Asked(name(site), probability));
        self.fires.get()
    }

    fn knob(&self, site: &'static Site, choices: usize) -> usize {
        self.write(Heard::Chose(name(site), choices));
        self.choice.get()
    }

    fn reads(&self, _: &'static Site) -> bool {
        self.reads.get()
    }

    fn publish(&self, site: &'static Site, value: Box<dyn Published>) {
        self.write(Heard::Published(name(site), format!("{value:?}")));
    }
}
